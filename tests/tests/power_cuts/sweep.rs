//! Every cut of a run of saves in one geometry: the oracle.

use std::cell::Cell;
use std::ops::{AddAssign, Range};

use gradlet::mock_flash::{TornReads, storage_len};

use crate::forking::{Flash, Forking, Kind, Step};
use crate::keeper::{Keeper, Open};
use crate::model::Model;

/// What came out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Cuts that were tried.
    pub(crate) cuts: u64,
    /// Of those, in the save that followed a cut.
    pub(crate) second_cuts: u64,
    /// Cuts after which the newest checkpoint was neither the previous nor the new one, or one
    /// that is kept for ever was not there.
    pub(crate) lost: u64,
    /// Cuts after which saving did not go on.
    pub(crate) stuck: u64,
    /// Cuts after which the rules of the flash were broken.
    pub(crate) breaches: u64,
    /// What was found first.
    pub(crate) first: Option<String>,
}

/// What is wrong after a cut.
#[derive(Debug)]
enum Finding {
    Lost(String),
    Stuck(String),
    Breach(String),
}

impl Tally {
    pub(crate) fn is_clean(&self) -> bool {
        self.first.is_none()
    }

    fn add(&mut self, finding: &Finding, context: impl FnOnce() -> String) {
        let (count, text) = match finding {
            Finding::Lost(text) => (&mut self.lost, text),
            Finding::Stuck(text) => (&mut self.stuck, text),
            Finding::Breach(text) => (&mut self.breaches, text),
        };
        *count += 1;
        self.first
            .get_or_insert_with(|| format!("{}: {text}", context()));
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.second_cuts += other.second_cuts;
        self.lost += other.lost;
        self.stuck += other.stuck;
        self.breaches += other.breaches;
        self.first = self.first.take().or(other.first);
    }
}

/// A region, and what is saved to it.
pub(crate) struct Sweep<K, const READ: usize, const WRITE: usize, const ERASE: usize> {
    keeper: K,
    kind: Kind,
    flash: Flash<READ, WRITE, ERASE>,
    payload: usize,
    tally: Tally,
    /// Memory for the flash of a cut, and of a second one.
    forks: [Flash<READ, WRITE, ERASE>; 2],
}

/// The steps of the checkpoints that may be the newest.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    previous: Option<i64>,
    new: i64,
}

/// A second cut is tried after each so many first ones: in a run of 50 saves a few of each kind.
const SECOND: u64 = 6997;
/// The ring is written round several times after each so many cuts.
const LONG: u64 = 1021;
/// How often the checkpoints that are kept for ever are looked for.
const KEPT: u64 = 5;

impl<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>
    Sweep<K, READ, WRITE, ERASE>
{
    pub(crate) fn new(keeper: K, blocks: usize, payload: usize) -> Self {
        let flash = || Flash::new(vec![0; storage_len(ERASE, blocks)]);
        Self {
            keeper,
            kind: Kind::Torn,
            flash: flash(),
            payload,
            tally: Tally::default(),
            forks: [flash(), flash()],
        }
    }

    /// The same with cuts that leave something else.
    pub(crate) fn leaving(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Saves so often from a blank flash on, with a restart now and then, and cuts at each step.
    pub(crate) fn run(mut self, saves: i64) -> Tally {
        let mut flash = self.flash.clone();
        let mut newest = None;
        let mut step = 0;
        let restarts = [1, 9, 2, 20, 1, 1, 40];
        for session in restarts.into_iter().cycle() {
            let session = session.min(saves - step);
            let steps = step..step + session;
            if let Err(text) = self.session(&mut flash, newest, steps.clone()) {
                self.tally.add(&Finding::Stuck(text), || {
                    format!("without a cut, {steps:?}")
                });
                break;
            }
            step += session;
            newest = Some(step);
            if step == saves {
                break;
            }
        }
        if let Some(violation) = flash.violation() {
            let breach = Finding::Breach(violation.to_string());
            self.tally.add(&breach, || "without a cut".to_owned());
        }
        self.tally
    }

    /// One start and the saves up to the next.
    fn session(
        &mut self,
        flash: &mut Flash<READ, WRITE, ERASE>,
        mut newest: Option<i64>,
        steps: Range<i64>,
    ) -> Result<(), String> {
        let (keeper, kind, payload) = (self.keeper, self.kind, self.payload);
        let [fork, second] = &mut self.forks;
        let tally = &mut self.tally;
        let allowed = Cell::new(Allowed {
            previous: newest,
            new: steps.start + 1,
        });
        let before = |flash: &Flash<READ, WRITE, ERASE>, step: Step<'_>| {
            for tear in step.tears(kind, WRITE) {
                fork.clone_from(flash);
                if !step.cut(fork, tear) {
                    continue;
                }
                tally.cuts += 1;
                fork.set_torn_reads(torn_reads(kind, tally.cuts));
                let first_cuts = tally.cuts - tally.second_cuts;
                let found = after_cut(&keeper, fork, allowed.get(), payload, first_cuts);
                if let Ok(found) = found
                    && first_cuts.is_multiple_of(SECOND)
                {
                    cut_again(&keeper, kind, fork, second, payload, found, tally);
                }
                let more = if first_cuts.is_multiple_of(LONG) {
                    200
                } else {
                    3
                };
                let outcome = found.and_then(|found| go_on(&keeper, fork, payload, found, more));
                if let Err(finding) = outcome {
                    let allowed = allowed.get();
                    tally.add(&finding, || format!("{allowed:?}, {step:?}, {tear:?}"));
                }
            }
        };
        let mut open = keeper.open(Forking { flash, before })?;
        let mut model = Model::new(payload);
        let restored = open.restore(&mut model)?;
        if restored != newest {
            return Err(format!("restored {restored:?} and not {newest:?}"));
        }
        for step in steps {
            allowed.set(Allowed {
                previous: newest,
                new: step + 1,
            });
            model.train_to(step + 1);
            open.save(&model)?;
            newest = Some(step + 1);
        }
        Ok(())
    }
}

impl Allowed {
    fn contains(self, found: Option<i64>) -> bool {
        found == self.previous || found == Some(self.new)
    }
}

/// How torn units read: each way in its turn.
fn torn_reads(kind: Kind, cuts: u64) -> TornReads {
    match (kind, cuts % 3) {
        (Kind::Weak, _) => TornReads::Unsteady,
        (_, 0) => TornReads::AsTheyAre,
        (_, 1) => TornReads::Error,
        _ => TornReads::Random,
    }
}

/// The step of the newest checkpoint after a cut, which is one of those allowed.
fn after_cut<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>(
    keeper: &K,
    flash: &mut Flash<READ, WRITE, ERASE>,
    allowed: Allowed,
    payload: usize,
    cuts: u64,
) -> Result<Option<i64>, Finding> {
    let mut open = keeper.open(flash).map_err(Finding::Stuck)?;
    let found = newest(&mut open, payload)?;
    if !allowed.contains(found) {
        return Err(Finding::Lost(format!("found {found:?}")));
    }
    // What the new one was to push out may be given up already.
    let stays = keeper.kept(allowed.new);
    let mut kept = keeper.kept(found.unwrap_or(0));
    kept.retain(|step| stays.contains(step));
    if cuts.is_multiple_of(KEPT) && !kept.is_empty() {
        let steps = open.steps(payload);
        if !kept.iter().all(|step| steps.contains(step)) {
            return Err(Finding::Lost(format!("of {kept:?} only {steps:?}")));
        }
    }
    Ok(found)
}

/// The step of the newest checkpoint.
fn newest(open: &mut impl Open, payload: usize) -> Result<Option<i64>, Finding> {
    let mut model = Model::new(payload);
    match open.restore(&mut model).map_err(Finding::Stuck)? {
        None => Ok(None),
        Some(step) if model.whole() == Some(step) => Ok(Some(step)),
        Some(step) => Err(Finding::Lost(format!("found a mixture at step {step}"))),
    }
}

/// Starts and saves `saves` times more, with further starts between.
fn go_on<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>(
    keeper: &K,
    flash: &mut Flash<READ, WRITE, ERASE>,
    payload: usize,
    found: Option<i64>,
    saves: i64,
) -> Result<(), Finding> {
    let mut step = found.unwrap_or(0);
    let mut left = saves;
    let mut model = Model::new(payload);
    while left > 0 {
        let mut open = keeper.open(&mut *flash).map_err(Finding::Stuck)?;
        let mut saved = Ok(());
        for _ in 0..left.min(40) {
            step += 1;
            left -= 1;
            model.train_to(step);
            saved = open.save(&model);
            if saved.is_err() {
                break;
            }
        }
        drop(open);
        if let Some(violation) = flash.violation() {
            return Err(Finding::Breach(violation.to_string()));
        }
        saved.map_err(|error| Finding::Stuck(format!("step {step}: {error}")))?;
        let mut open = keeper.open(&mut *flash).map_err(Finding::Stuck)?;
        let found = newest(&mut open, payload)?;
        if found != Some(step) {
            return Err(Finding::Stuck(format!(
                "saved {step}, then found {found:?}"
            )));
        }
    }
    Ok(())
}

/// Cuts at every step of the first save after a cut.
fn cut_again<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>(
    keeper: &K,
    kind: Kind,
    flash: &Flash<READ, WRITE, ERASE>,
    second: &mut Flash<READ, WRITE, ERASE>,
    payload: usize,
    previous: Option<i64>,
    tally: &mut Tally,
) {
    let mut flash = flash.clone();
    let allowed = Allowed {
        previous,
        new: previous.unwrap_or(0) + 1,
    };
    let before = |flash: &Flash<READ, WRITE, ERASE>, step: Step<'_>| {
        for tear in step.tears(kind, WRITE) {
            second.clone_from(flash);
            if !step.cut(second, tear) {
                continue;
            }
            tally.cuts += 1;
            tally.second_cuts += 1;
            let found = after_cut(keeper, second, allowed, payload, tally.cuts);
            let outcome = found.and_then(|found| go_on(keeper, second, payload, found, 2));
            if let Err(finding) = outcome {
                tally.add(&finding, || {
                    format!("a second cut, {allowed:?}, {step:?}, {tear:?}")
                });
            }
        }
    };
    let forking = Forking {
        flash: &mut flash,
        before,
    };
    let saved = keeper
        .open(forking)
        .and_then(|mut open| open.save(&Model::at(allowed.new, payload)));
    if let Err(text) = saved {
        tally.add(&Finding::Stuck(text), || {
            format!("the save after a cut, {allowed:?}")
        });
    }
}
