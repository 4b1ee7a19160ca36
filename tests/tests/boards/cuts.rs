//! Real power cuts: a board trains and saves to a flash that QEMU keeps in a file, and QEMU is
//! killed at random moments.
//!
//! A moment is a step of the training and a part of the time that a step takes, or a part of the
//! time that a start takes: a fast machine and a slow one are cut alike. `GRADLET_CUTS_SEED`
//! repeats the moments of another run.
use anyhow::{Context, Result, ensure};
use gradlet_tests::figures;
use std::{
    collections::hash_map::RandomState,
    env, fs,
    hash::BuildHasher,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use xtask::{
    board::{self, Board},
    emulator::{self, Echo, Exit, Outcome, Run, Time},
    example,
    figures::Figure,
    firmware::Log,
    line::{Ending, Line},
    machine::{Installing, Machine},
    root,
};

use crate::{LIMIT, build};

/// The board whose flash is a file.
const BOARD: &str = "riscv-virt";
const CUTS: usize = 200;
/// One cut of so many falls into a start.
const STARTS: u64 = 8;

pub(crate) fn a_run_that_is_killed_ends_as_one_that_is_not() -> Result<()> {
    let seed = seed()?;
    figures::print("power_cuts.seed", seed, "number");
    let bench = Bench::new()?;
    let whole = bench.undisturbed()?;
    let moments = whole.moments(&mut Random(seed));

    let folder = tempfile::tempdir_in(root::target()).context("cannot make a folder to run in")?;
    let folder = folder.path();
    let mut known = 0;
    let mut tally = Tally::default();
    for (number, moment) in moments.iter().enumerate() {
        let what = || format!("cut {number} of seed {seed}, {moment:?}");
        let outcome = bench.live(folder, |line| whole.cut(line, moment))?;
        ensure!(outcome.exit == Exit::Cut, "{}: {outcome:?}", what());
        let life = Life::read(folder).with_context(what)?;
        // Killed before it was that far, a start says nothing.
        if let Some(resumed) = life.resumed {
            tally.resumed += 1;
            tally.lost += usize::from(resumed < known);
            ensure!(
                resumed <= known + whole.save_every,
                "{}: resumed at {resumed}, saved at {known}",
                what()
            );
            known = known.max(resumed);
        }
        known = known.max(life.saved);
        tally.kills += 1;
        tally.within_saves += usize::from(life.is_within_save(whole.save_every));
    }
    let last = bench.live(folder, drained)?;
    ensure!(last.exit == Exit::Success, "the last start: {last:?}");
    let resumed = Life::read(folder)?.resumed.unwrap_or(0);
    tally.lost += usize::from(resumed < known);

    figures::print("power_cuts.qemu_kills", tally.kills, "cut");
    figures::print("power_cuts.qemu_resumed", tally.resumed, "start");
    figures::print("power_cuts.qemu_within_saves", tally.within_saves, "cut");
    figures::print("power_cuts.qemu_lost", tally.lost, "checkpoint");
    ensure!(tally.lost == 0, "checkpoints were lost; seed {seed}");
    let found = fs::read(folder.join(RESULT))?;
    ensure!(
        found == whole.result,
        "the result is not, bit for bit, that of a run that was never killed; seed {seed}"
    );
    Ok(())
}

#[derive(Default)]
struct Tally {
    kills: usize,
    resumed: usize,
    within_saves: usize,
    lost: usize,
}

/// What the program leaves at its end.
const RESULT: &str = "checkpoint.gck";

struct Bench {
    machine: Machine,
    board: Board,
    elf: PathBuf,
}

impl Bench {
    fn new() -> Result<Self> {
        let (board, example) = (board::find(BOARD)?, example::find("resume")?);
        let variant = example.variant_on(BOARD)?;
        let elf = build(&example, variant, &board, Log::Off, &[])?;
        let machine = Machine::this(Installing::Forbidden);
        Ok(Self {
            machine,
            board,
            elf,
        })
    }

    /// From a start of QEMU to its end.
    fn live(
        &self,
        folder: &Path,
        talk: impl FnOnce(&mut Line) -> Result<Ending> + Send,
    ) -> Result<Outcome> {
        let run = Run {
            board: &self.board,
            elf: &self.elf,
            log: Log::Off,
            folder,
            limit: LIMIT,
            time: Time::Free,
            echo: Echo::Quiet,
            peer: &xtask::peer::Peer::Nobody,
        };
        emulator::converse(&self.machine, &run, talk)
    }

    /// The whole run, with nothing but its own resets.
    fn undisturbed(&self) -> Result<Whole> {
        let folder = tempfile::tempdir_in(root::target())?;
        let mut watch = Watch::default();
        let outcome = self.live(folder.path(), |line| watch.follow(line))?;
        ensure!(outcome.exit == Exit::Success, "undisturbed: {outcome:?}");
        let life = Life::read(folder.path())?;
        ensure!(life.trained > 0, "the program reports no steps");
        Ok(Whole {
            steps: life.trained,
            save_every: life.first_save,
            step: watch.elapsed() / u32::try_from(life.trained)?,
            start: watch.start,
            result: fs::read(folder.path().join(RESULT))?,
        })
    }
}

/// A run that was never killed.
struct Whole {
    steps: u64,
    save_every: u64,
    /// How long a step takes, with its share of the saves.
    step: Duration,
    /// How long a start takes, until training goes on.
    start: Duration,
    result: Vec<u8>,
}

/// When power goes, in thousandths of a step or a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    InStart(u32),
    BehindStep(u64, u32),
}

impl Whole {
    /// The moments, in the order of the training.
    fn moments(&self, random: &mut Random) -> Vec<Moment> {
        // So that no cut comes after the end.
        let steps = self.steps - 2 * self.save_every;
        let mut steps: Vec<u64> = (0..CUTS).map(|_| random.below(steps)).collect();
        steps.sort_unstable();
        let moment = |step| {
            let is_in_start = random.below(STARTS) == 0;
            let part = random.below(1000) as u32;
            if is_in_start {
                Moment::InStart(part)
            } else {
                Moment::BehindStep(step, part)
            }
        };
        steps.into_iter().map(moment).collect()
    }

    /// Follows the program to the moment.
    fn cut(&self, line: &mut Line, moment: &Moment) -> Result<Ending> {
        let is_there = |text: &str| match *moment {
            Moment::InStart(_) => text == STARTED,
            Moment::BehindStep(step, _) => {
                // A start that goes on behind it is there too.
                let report = Figure::from_line(text).filter(|figure| figure.name != "saved");
                let at = report.and_then(|figure| figure.number());
                at.is_some_and(|at| at >= step as f64)
            }
        };
        let wait = match *moment {
            Moment::InStart(part) => self.start * part / 1000,
            Moment::BehindStep(_, part) => self.step * part / 1000,
        };
        for text in BufReader::new(line).lines() {
            if is_there(&text?) {
                // Not to wait for something: this is the moment.
                thread::sleep(wait);
                return Ok(Ending::CutPower);
            }
        }
        Ok(Ending::LetRun)
    }
}

/// The first line of each start.
const STARTED: &str = "started";

fn drained(line: &mut Line) -> Result<Ending> {
    BufReader::new(line)
        .lines()
        .try_for_each(|text| text.map(drop))?;
    Ok(Ending::LetRun)
}

/// How long things take.
#[derive(Default)]
struct Watch {
    started: Option<Instant>,
    ended: Option<Instant>,
    /// The last start.
    start: Duration,
}

impl Watch {
    fn follow(&mut self, line: &mut Line) -> Result<Ending> {
        let mut last = Instant::now();
        for text in BufReader::new(line).lines() {
            let text = text?;
            if text == STARTED {
                last = Instant::now();
                self.started.get_or_insert(last);
            }
            if text.starts_with("resumed ") {
                self.start = last.elapsed();
            }
            self.ended = Some(Instant::now());
        }
        Ok(Ending::LetRun)
    }

    fn elapsed(&self) -> Duration {
        match (self.started, self.ended) {
            (Some(started), Some(ended)) => ended - started,
            _ => Duration::ZERO,
        }
    }
}

/// What a program has reported before its power went.
#[derive(Debug, Default)]
struct Life {
    resumed: Option<u64>,
    trained: u64,
    first_save: u64,
    saved: u64,
}

impl Life {
    fn read(folder: &Path) -> Result<Self> {
        let text = fs::read(folder.join("serial.bin"))?;
        let text = String::from_utf8_lossy(&text);
        // A line that was cut off says nothing.
        let lines = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        let mut life = Self::default();
        for figure in lines.filter_map(Figure::from_line) {
            let step = figure.number().context("not a number")? as u64;
            match &*figure.name {
                "resumed" => life.resumed = Some(step),
                "trained" => life.trained = step,
                "saved" => {
                    life.saved = step;
                    if life.first_save == 0 {
                        life.first_save = step;
                    }
                }
                name => anyhow::bail!("unexpected report `{name}`"),
            }
        }
        Ok(life)
    }

    /// Whether a save had begun and its end was not reported.
    fn is_within_save(&self, save_every: u64) -> bool {
        self.trained > self.saved && self.trained.is_multiple_of(save_every)
    }
}

fn seed() -> Result<u64> {
    match env::var("GRADLET_CUTS_SEED") {
        Ok(text) => text.parse().context("GRADLET_CUTS_SEED is not a number"),
        // Short enough to be typed.
        Err(_) => Ok(RandomState::new().hash_one(0) % 1_000_000),
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound.max(1)
    }
}
