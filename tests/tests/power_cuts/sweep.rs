//! Every cut of a run of saves in one geometry.

use std::ops::AddAssign;

use gradlet::manager::{CheckpointManager, Options, Restoration};
use gradlet::mock_flash::{TornReads, storage_len};

use crate::forking::{Flash, Forking, Step};
use crate::model::Model;

/// What came out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Cuts that were tried.
    pub(crate) cuts: u64,
    /// Of those, in the save that followed a cut.
    pub(crate) second_cuts: u64,
    /// Cuts after which neither the previous nor the new checkpoint was there.
    pub(crate) lost: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.second_cuts += other.second_cuts;
        self.lost += other.lost;
    }
}

/// A region, and what is saved to it.
pub(crate) struct Sweep<const READ: usize, const WRITE: usize, const ERASE: usize> {
    flash: Flash<READ, WRITE, ERASE>,
    payload: usize,
    options: Options,
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

/// A second cut is tried after each so many first ones.
const SECOND: u64 = 2999;
/// The ring is written round several times after each so many cuts.
const LONG: u64 = 509;

impl<const READ: usize, const WRITE: usize, const ERASE: usize> Sweep<READ, WRITE, ERASE> {
    pub(crate) fn new(blocks: usize, payload: usize, options: Options) -> Self {
        let flash = || Flash::new(vec![0; storage_len(ERASE, blocks)]);
        Self {
            flash: flash(),
            payload,
            options,
            tally: Tally::default(),
            forks: [flash(), flash()],
        }
    }

    /// Saves so often from a blank flash on, with a restart now and then, and cuts at each step.
    pub(crate) fn run(mut self, saves: i64) -> Tally {
        let mut flash = self.flash.clone();
        let mut newest = None;
        let mut step = 0;
        let restarts = [1, 9, 2, 20, 1, 1, 40];
        for session in restarts.into_iter().cycle() {
            let session = session.min(saves - step);
            newest = self.session(&mut flash, newest, step..step + session);
            step += session;
            if step == saves {
                break;
            }
        }
        assert_eq!(newest, Some(saves));
        assert_eq!(flash.violation(), None);
        self.tally
    }

    /// One start and the saves up to the next; the last step that was saved.
    fn session(
        &mut self,
        flash: &mut Flash<READ, WRITE, ERASE>,
        mut newest: Option<i64>,
        steps: std::ops::Range<i64>,
    ) -> Option<i64> {
        let (options, payload) = (self.options, self.payload);
        let [fork, second] = &mut self.forks;
        let tally = &mut self.tally;
        let allowed = std::cell::Cell::new(Allowed {
            previous: newest,
            new: steps.start + 1,
        });
        let before = |flash: &Flash<READ, WRITE, ERASE>, step: Step<'_>| {
            for tear in step.tears(WRITE) {
                fork.clone_from(flash);
                step.cut(fork, tear);
                tally.cuts += 1;
                fork.set_torn_reads(match tally.cuts % 2 {
                    0 => TornReads::AsTheyAre,
                    _ => TornReads::Error,
                });
                let context = || format!("{:?}, {step:?}, {tear:?}", allowed.get());
                let found = newest_of(fork, options, payload);
                if !allowed.get().contains(found) {
                    eprintln!("{}: found {found:?}", context());
                    tally.lost += 1;
                    continue;
                }
                let first_cuts = tally.cuts - tally.second_cuts;
                if first_cuts.is_multiple_of(SECOND) {
                    cut_again(fork, second, options, payload, found, tally);
                }
                let more = if first_cuts.is_multiple_of(LONG) {
                    200
                } else {
                    3
                };
                let after = go_on(fork, options, payload, found, more);
                if let Err(error) = after {
                    panic!("{}: {error}", context());
                }
            }
        };
        let forking = Forking { flash, before };
        let mut manager = CheckpointManager::open(forking, options).expect("the region opens");
        let mut model = Model::new(payload);
        let restored = manager.restore_or_initialize(&mut model);
        assert_eq!(restored.map(step_of), Ok(newest));
        for step in steps {
            allowed.set(Allowed {
                previous: newest,
                new: step + 1,
            });
            model.train_to(step + 1);
            let saved = manager.save(&model).expect("a save without a cut");
            assert_eq!(
                saved.and_then(|saved| saved.info.global_step),
                Some(step + 1)
            );
            newest = Some(step + 1);
        }
        newest
    }
}

impl Allowed {
    fn contains(self, found: Option<i64>) -> bool {
        found == self.previous || found == Some(self.new)
    }
}

fn step_of(restoration: Restoration) -> Option<i64> {
    match restoration {
        Restoration::Restored { step, .. } => Some(step),
        _ => None,
    }
}

/// The step of the newest checkpoint, `Some(-1)` for a mixture.
fn newest_of<const READ: usize, const WRITE: usize, const ERASE: usize>(
    flash: &mut Flash<READ, WRITE, ERASE>,
    options: Options,
    payload: usize,
) -> Option<i64> {
    let mut manager = CheckpointManager::open(flash, options).ok()?;
    let mut model = Model::new(payload);
    match manager.restore_or_initialize(&mut model).ok()? {
        Restoration::Restored { step, .. } => {
            Some(model.whole().filter(|&s| s == step).unwrap_or(-1))
        }
        _ => None,
    }
}

/// Starts and saves `saves` times more; what went wrong, if anything.
fn go_on<const READ: usize, const WRITE: usize, const ERASE: usize>(
    flash: &mut Flash<READ, WRITE, ERASE>,
    options: Options,
    payload: usize,
    newest: Option<i64>,
    saves: i64,
) -> Result<(), String> {
    let mut step = newest.unwrap_or(0);
    let mut left = saves;
    let mut model = Model::new(payload);
    while left > 0 {
        let mut manager = CheckpointManager::open(&mut *flash, options)
            .map_err(|error| format!("does not open: {error}"))?;
        for _ in 0..left.min(40) {
            step += 1;
            left -= 1;
            model.train_to(step);
            manager
                .save(&model)
                .map_err(|error| format!("does not save step {step}: {error}"))?;
        }
        if let Some(violation) = flash.violation() {
            return Err(format!("breaks the rules: {violation}"));
        }
        let found = newest_of(flash, options, payload);
        if found != Some(step) {
            return Err(format!("saved step {step}, then found {found:?}"));
        }
    }
    Ok(())
}

/// Cuts at every step of the first save after a cut.
fn cut_again<const READ: usize, const WRITE: usize, const ERASE: usize>(
    flash: &Flash<READ, WRITE, ERASE>,
    second: &mut Flash<READ, WRITE, ERASE>,
    options: Options,
    payload: usize,
    newest: Option<i64>,
    tally: &mut Tally,
) {
    let mut flash = flash.clone();
    let allowed = Allowed {
        previous: newest,
        new: newest.unwrap_or(0) + 1,
    };
    let before = |flash: &Flash<READ, WRITE, ERASE>, step: Step<'_>| {
        for tear in step.tears(WRITE) {
            second.clone_from(flash);
            step.cut(second, tear);
            tally.cuts += 1;
            tally.second_cuts += 1;
            let found = newest_of(second, options, payload);
            if !allowed.contains(found) {
                eprintln!("a second cut, {allowed:?}, {step:?}, {tear:?}: found {found:?}");
                tally.lost += 1;
                continue;
            }
            if let Err(error) = go_on(second, options, payload, found, 2) {
                panic!("a second cut, {allowed:?}, {step:?}, {tear:?}: {error}");
            }
        }
    };
    let forking = Forking {
        flash: &mut flash,
        before,
    };
    let mut manager = CheckpointManager::open(forking, options).expect("the region opens");
    let saved = manager.save(&Model::at(allowed.new, payload));
    saved.expect("a save after a cut");
}
