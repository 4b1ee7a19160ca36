//! The loop of the program `resume` for 1,000,000 steps, on a flash that enforces the rules of NOR:
//! with a save every 1,000 steps and a reset every 10,000 it ends with the bits of a run that was
//! never interrupted, wears all blocks alike, and loses no space on the way.

use std::thread;

use gradlet::manager::{CheckpointManager, Options};
use gradlet::mock_flash::{MockFlash, Tear, storage_len};
use gradlet::{Adam, Batch, Head, Initialize, Quantization, ReplayBuffer, Zeroed};
use resumable::{Ended, Error, Samples, Schedule, Session};

const STEPS: i64 = 1_000_000;
const SCHEDULE: Schedule = Schedule {
    steps: STEPS,
    save_every: 1_000,
    reset_every: 10_000,
};

const FEATURES: usize = 8;
const CLASSES: usize = 3;
const KEPT: usize = 16;
const BATCH: usize = 4;
const SEED: i64 = 5;

/// As on microbit: words of 4 bytes, pages of 1 KiB, 32 of them.
const PAGE: usize = 1024;
const PAGES: usize = 32;
type Flash = MockFlash<Vec<u8>, 1, 4, PAGE>;

const OPTIONS: Options = Options {
    max_to_keep: 2,
    ..Options::DEFAULT
};

/// Samples that are a function of their number: three classes, each with features of its own, and
/// noise.
struct Drawn([i8; FEATURES]);

impl Samples<FEATURES> for Drawn {
    fn sample(&mut self, cursor: i64) -> Option<(&[i8; FEATURES], usize)> {
        let mut state = cursor as u64;
        let mut byte = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let x = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (x >> 56) as u8
        };
        let label = usize::from(byte()) % CLASSES;
        for (index, feature) in self.0.iter_mut().enumerate() {
            let signal = if index % CLASSES == label { 40 } else { -40 };
            *feature = (byte() as i8 / 2) + signal;
        }
        Some((&self.0, label))
    }
}

/// What a device is after a reset, but for its flash.
struct Device {
    head: Head<FEATURES, CLASSES, Adam>,
    replay: ReplayBuffer<KEPT, FEATURES, CLASSES>,
    batch: Batch<BATCH, FEATURES, CLASSES, i8>,
}

impl Device {
    fn started() -> Self {
        let quantization = Quantization {
            scale: 0.02,
            zero_point: 0,
        };
        let mut batch = Batch::ZERO;
        batch.initialize(quantization);
        Self {
            head: Head::new(Adam::new(0.01)),
            replay: ReplayBuffer::new(SEED),
            batch,
        }
    }
}

#[derive(Debug, PartialEq)]
enum Left {
    Finished(u32),
    Reset,
    PowerLost,
}

/// From a start to the next reset, or to the end: then the checksum of everything trained.
fn live(flash: &mut Flash, schedule: &Schedule) -> Left {
    let mut checkpoints = CheckpointManager::open(flash, OPTIONS).expect("a region of ours");
    let mut device = Device::started();
    let mut session = Session::new(&mut device.head, &mut device.replay, &mut device.batch);
    let mut samples = Drawn([0; FEATURES]);
    match session.run(&mut checkpoints, &mut samples, schedule, &mut ()) {
        Ok(Ended::Finished) => Left::Finished(fingerprint::of(&session.variables())),
        Ok(Ended::ResetDue) => Left::Reset,
        Err(Error::Save(_)) => Left::PowerLost,
        Err(error) => panic!("{error}"),
    }
}

fn blank() -> Flash {
    Flash::new(vec![0; storage_len(PAGE, PAGES)])
}

/// One session for all steps, with one checkpoint at its end.
fn uninterrupted() -> u32 {
    let schedule = Schedule {
        save_every: STEPS,
        reset_every: STEPS + 1,
        ..SCHEDULE
    };
    match live(&mut blank(), &schedule) {
        Left::Finished(bits) => bits,
        left => panic!("{left:?}"),
    }
}

fn erases(flash: &Flash) -> Vec<u32> {
    (0..flash.blocks())
        .map(|block| flash.erases(block))
        .collect()
}

/// What is the same at each start of a run that loses no space: how many checkpoints are there, and
/// how many erases the life before has cost.
struct Space {
    erased: u32,
    checkpoints: Vec<usize>,
    erases: Vec<u32>,
}

impl Space {
    fn new() -> Self {
        Self {
            erased: 0,
            checkpoints: Vec::new(),
            erases: Vec::new(),
        }
    }

    fn look(&mut self, flash: &mut Flash) {
        let all: u32 = erases(flash).iter().sum();
        self.erases.push(all - self.erased);
        self.erased = all;
        let opened = CheckpointManager::open(flash, OPTIONS);
        let count = opened.expect("a region of ours").checkpoints().count();
        self.checkpoints.push(count);
    }

    fn check(&self, slack: u32) {
        assert!(
            self.checkpoints.iter().all(|&count| count == 2),
            "checkpoints at each start: {:?}",
            self.checkpoints
        );
        // The first life has no checkpoints to make room for.
        let steady = &self.erases[1..];
        let (least, most) = (steady.iter().min(), steady.iter().max());
        let (least, most) = (least.expect("lives"), most.expect("lives"));
        assert!(most - least <= slack, "erases a life: {:?}", self.erases);
        // And no trend: the first tenth costs what the last one does.
        let tenth = steady.len() / 10;
        let sum = |lives: &[u32]| lives.iter().sum::<u32>();
        let (first, last) = (sum(&steady[..tenth]), sum(&steady[steady.len() - tenth..]));
        assert!(
            first.abs_diff(last) <= slack * 2,
            "erases of the first tenth of the lives {first}, of the last {last}"
        );
    }
}

fn check_wear(flash: &Flash) {
    let erases = erases(flash);
    let (least, most) = (erases.iter().min(), erases.iter().max());
    let spread = most.expect("blocks") - least.expect("blocks");
    assert!(spread <= 1, "erases of the blocks: {erases:?}");
    assert_eq!(flash.violation(), None);
}

#[test]
fn a_million_steps_with_a_hundred_resets_end_as_one_session() {
    let expected = thread::spawn(uninterrupted);
    let mut flash = blank();
    let mut space = Space::new();
    let mut resets = 0;
    let found = loop {
        match live(&mut flash, &SCHEDULE) {
            Left::Finished(bits) => break bits,
            Left::Reset => resets += 1,
            Left::PowerLost => panic!("power was not cut"),
        }
        space.look(&mut flash);
    };
    assert_eq!(resets, STEPS / SCHEDULE.reset_every - 1);
    assert_eq!(Ok(found), expected.join().map_err(|_| "the other run"));
    check_wear(&flash);
    space.check(1);
}

#[test]
fn a_million_steps_with_power_cuts_within_saves_end_as_one_session() {
    /// Flash steps of about fifteen saves: power goes in the save that they end in.
    const CUT: u64 = 5_000;
    let expected = thread::spawn(uninterrupted);
    let mut flash = blank();
    let mut space = Space::new();
    let mut cuts = 0;
    let found = loop {
        // Each time elsewhere in a save, and within a word.
        flash.cut_power(CUT + cuts * 37, Tear::Bytes(cuts as usize % 4));
        let schedule = Schedule {
            reset_every: STEPS,
            ..SCHEDULE
        };
        match live(&mut flash, &schedule) {
            Left::Finished(bits) => break bits,
            Left::Reset => {}
            Left::PowerLost => cuts += 1,
        }
        flash.power_on();
        space.look(&mut flash);
    };
    assert!(cuts >= 30, "{cuts} power cuts");
    assert_eq!(Ok(found), expected.join().map_err(|_| "the other run"));
    assert_eq!(flash.violation(), None);
    assert!(
        space.checkpoints.iter().all(|&count| count >= 1),
        "{:?}",
        space.checkpoints
    );
}
