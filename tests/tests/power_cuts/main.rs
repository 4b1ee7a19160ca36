//! Power is cut at every write and every erase of a run, and within them: the newest checkpoint
//! is always the one before or the one that was being saved, whole, and saving goes on.
//!
//! `sweep` is the oracle; `broken` shows that it notices what is wrong.

mod broken;
mod forking;
mod keeper;
mod plain;
mod small;
mod sweep;

use gradlet::manager::{Keep, Options};
use gradlet_tests::{figures, model};

use broken::{DriverFlaw, Flaw, Misled, OneABlock};
use keeper::Manager;
use plain::{CUTS, DEFAULT, PLAIN, Run, WEAK, all, run, weak};
use sweep::Tally;

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
    let kept: [Run; 3] = [
        ("8-byte writes, 2 KiB blocks", || {
            run::<_, 8, 8, 2048>(KEPT, 6, 700)
        }),
        ("16-byte writes, 512 B blocks", || {
            run::<_, 16, 16, 512>(KEPT, 13, 800)
        }),
        ("4-byte writes, 1 KiB blocks, shared", || {
            run::<_, 1, 4, 1024>(ROOMY, 5, 60)
        }),
    ];
    let total = all(&[&CUTS[..], &kept].concat());
    figures::print("power_cuts.simulated", total.cuts, "cuts");
    figures::print("power_cuts.lost", total.lost, "checkpoints");
    assert!(total.is_clean(), "{total:?}");
    assert!(total.cuts >= 100_000, "only {} cuts", total.cuts);
}

#[test]
fn no_cut_loses_a_checkpoint_of_the_small_manager() {
    let total = all(&[&small::CUTS[..], &small::WEAK].concat());
    figures::print("power_cuts.small.simulated", total.cuts, "cuts");
    figures::print("power_cuts.small.lost", total.lost, "checkpoints");
    assert!(total.is_clean(), "{total:?}");
    assert!(total.cuts >= 100_000, "only {} cuts", total.cuts);
}

#[test]
fn units_that_are_there_at_one_read_and_gone_at_the_next_lose_nothing() {
    let kept: [Run; 2] = [
        ("weak, several kept a block", || {
            weak::<_, 1, 4, 1024>(ROOMY, 5, 60)
        }),
        ("weak, few kept", || weak::<_, 8, 8, 2048>(KEPT, 6, 700)),
    ];
    let total = all(&[&WEAK[..], &kept].concat());
    assert!(total.is_clean(), "{total:?}");
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
