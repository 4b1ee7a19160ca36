//! Power is cut at every write and every erase of a run, and within them: the newest checkpoint
//! is always the one before or the one that was being saved, whole, and saving goes on.
//!
//! `sweep` is the oracle; `broken` shows that it notices what is wrong.

mod broken;
mod forking;
mod keeper;
mod sweep;

use std::time::Instant;

use gradlet::manager::{Claim, Keep, Options};
use gradlet_tests::figures;

use broken::{DriverFlaw, Flaw, Misled, OneABlock};
use forking::Kind;
use keeper::{Keeper, Manager};
use sweep::{Sweep, Tally};

/// 50 saves, as long as they are cut at every step.
const SAVES: i64 = 50;

fn run<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>(
    keeper: K,
    blocks: usize,
    payload: usize,
) -> Tally {
    Sweep::<K, READ, WRITE, ERASE>::new(keeper, blocks, payload).run(SAVES)
}

/// 24 saves, with cuts that leave what may be there or not.
fn weak<K: Keeper, const READ: usize, const WRITE: usize, const ERASE: usize>(
    keeper: K,
    blocks: usize,
    payload: usize,
) -> Tally {
    let sweep = Sweep::<K, READ, WRITE, ERASE>::new(keeper, blocks, payload);
    sweep.leaving(Kind::Weak).run(24)
}

/// The very first save is cut as well: a region of nobody else's.
const DEFAULT: Options = Options {
    claim: Claim::Interrupted,
    ..Options::DEFAULT
};

const PLAIN: Manager = Manager {
    options: DEFAULT,
    keeps: None,
    recent: 1,
};

const FEW: Manager = Manager {
    options: Options {
        max_to_keep: 2,
        ..DEFAULT
    },
    keeps: None,
    recent: 1,
};

/// The newest is all that there is.
const ONE: Manager = Manager {
    options: Options {
        max_to_keep: 1,
        ..DEFAULT
    },
    keeps: None,
    recent: 1,
};

const KEPT: Manager = Manager {
    options: Options {
        max_to_keep: 2,
        keep: Keep::EverySteps(5),
        max_kept: 3,
        ..DEFAULT
    },
    keeps: Some((5, 3)),
    recent: 1,
};

/// Several checkpoints a block, with room for all that are to be there.
const ROOMY: Manager = Manager {
    options: Options {
        max_to_keep: 3,
        keep: Keep::EverySteps(2),
        max_kept: 7,
        ..DEFAULT
    },
    keeps: Some((2, 7)),
    recent: 3,
};

#[test]
fn no_cut_loses_a_checkpoint_or_space() {
    type Run = (&'static str, fn() -> Tally);
    let runs: [Run; 8] = [
        ("1-byte writes, 4 KiB blocks", || {
            run::<_, 1, 1, 4096>(PLAIN, 2, 160)
        }),
        ("4-byte writes, 1 KiB blocks", || {
            run::<_, 1, 4, 1024>(FEW, 6, 1100)
        }),
        ("8-byte writes, 2 KiB blocks", || {
            run::<_, 8, 8, 2048>(KEPT, 6, 700)
        }),
        ("32-byte writes, 128 KiB blocks", || {
            run::<_, 4, 32, 131_072>(PLAIN, 2, 2000)
        }),
        ("16-byte writes, 512 B blocks", || {
            run::<_, 16, 16, 512>(KEPT, 13, 800)
        }),
        ("4-byte writes, 1 KiB blocks, shared", || {
            run::<_, 1, 4, 1024>(ROOMY, 5, 60)
        }),
        ("8-byte writes, 1 KiB blocks, the newest only", || {
            run::<_, 1, 8, 1024>(ONE, 2, 700)
        }),
        ("2-byte writes, 4-byte reads", || {
            run::<_, 4, 2, 1024>(PLAIN, 4, 200)
        }),
    ];
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let threads = runs.map(|(name, run)| {
            scope.spawn(move || {
                let start = Instant::now();
                let tally = run();
                eprintln!("{name}: {tally:?} {:?}", start.elapsed());
                assert!(tally.cuts > 1000, "{name}: only {} cuts", tally.cuts);
                tally
            })
        });
        for thread in threads {
            total += thread.join().expect("a run that ends");
        }
    });
    figures::print("power_cuts.simulated", total.cuts, "cuts");
    figures::print("power_cuts.lost", total.lost, "checkpoints");
    assert!(total.is_clean(), "{total:?}");
    assert!(total.cuts >= 100_000, "only {} cuts", total.cuts);
}

#[test]
fn units_that_are_there_at_one_read_and_gone_at_the_next_lose_nothing() {
    type Run = fn() -> Tally;
    // Checkpoints that share a block or take several, with room and without.
    let runs: [Run; 6] = [
        || weak::<_, 1, 4, 1024>(PLAIN, 12, 300),
        || weak::<_, 1, 4, 1024>(PLAIN, 20, 1500),
        || weak::<_, 1, 4, 1024>(ROOMY, 5, 60),
        || weak::<_, 1, 8, 1024>(PLAIN, 2, 160),
        || weak::<_, 1, 8, 1024>(PLAIN, 2, 800),
        || weak::<_, 8, 8, 2048>(KEPT, 6, 700),
    ];
    for run in runs {
        let tally = run();
        assert!(tally.is_clean(), "{tally:?}");
        assert!(tally.cuts > 1000, "{tally:?}");
    }
}

#[test]
fn the_oracle_passes_a_keeper_that_is_right() {
    let flaw = Flaw::Nothing;
    for tally in [
        run::<_, 1, 1, 256>(OneABlock { flaw }, 2, 60),
        run::<_, 4, 4, 256>(OneABlock { flaw }, 3, 60),
        run::<_, 1, 8, 256>(OneABlock { flaw }, 2, 60),
    ] {
        assert!(tally.is_clean(), "{tally:?}");
        assert!(tally.cuts > 1000, "{tally:?}");
    }
}

#[test]
fn the_oracle_notices_each_way_to_be_broken() {
    type Count = fn(&Tally) -> u64;
    let lost: Count = |tally| tally.lost;
    let stuck: Count = |tally| tally.stuck;
    let breaches: Count = |tally| tally.breaches;
    for (flaw, count) in [
        (Flaw::InPlace, lost),
        (Flaw::NoChecksum, lost),
        (Flaw::CommitsFirst, lost),
        (Flaw::TrustsBlank, breaches),
        (Flaw::ErasesFirst, lost),
        (Flaw::ReadErrorIsFatal, stuck),
        (Flaw::LosesSpace, stuck),
        (Flaw::ForgetsTheOrder, lost),
    ] {
        for tally in [
            run::<_, 4, 4, 256>(OneABlock { flaw }, 2, 60),
            run::<_, 1, 8, 256>(OneABlock { flaw }, 2, 60),
        ] {
            assert!(count(&tally) > 0, "{flaw:?}: {tally:?}");
        }
    }
}

#[test]
fn the_oracle_notices_what_a_broken_driver_makes_of_the_manager() {
    for (flaw, manager) in [
        (DriverFlaw::SkipsBlank, PLAIN),
        (DriverFlaw::ErasesAhead, KEPT),
        (DriverFlaw::NeverErases, PLAIN),
    ] {
        let tally = run::<_, 4, 4, 512>(Misled { manager, flaw }, 8, 100);
        assert!(!tally.is_clean(), "{flaw:?}: {tally:?}");
    }
}
