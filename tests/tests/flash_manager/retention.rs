//! Which checkpoints live on, over many rounds of the ring and many restarts.

use std::cell::Cell;

use gradlet::checkpoint::{Match, Restore};
use gradlet::manager::{CheckpointManager, Keep, Options, Saved};
use gradlet_tests::model::Model;

use crate::{Flash, flash, save};

const PAYLOAD: usize = 200;

/// The steps of all checkpoints, oldest first, each of them whole.
fn steps(flash: &mut Flash, options: Options) -> Vec<i64> {
    let mut manager = CheckpointManager::open(flash, options).expect("a region");
    let saved: Vec<Saved> = manager.checkpoints().collect();
    let exact = Restore::new().require(Match::Consumed);
    let whole = saved.iter().map(|saved| {
        let mut model = Model::new(PAYLOAD);
        let restored = manager.restore(saved.save_counter, &exact, &mut model);
        restored.expect("a checkpoint that is listed");
        assert_eq!(model.whole(), saved.info.global_step);
        model.step()
    });
    whole.collect()
}

#[test]
fn the_newest_few_live_on_for_ever() {
    for max_to_keep in [0, 1, 2, 5] {
        let options = Options {
            max_to_keep,
            ..Options::DEFAULT
        };
        let mut flash = flash(6);
        for start in (1..200).step_by(7) {
            save(&mut flash, options, PAYLOAD, start..start + 7);
            let newest = start + 6;
            let count = i64::from(max_to_keep.max(1)).min(newest);
            let expected: Vec<i64> = (newest - count + 1..=newest).collect();
            assert_eq!(steps(&mut flash, options), expected);
        }
        assert_eq!(flash.violation(), None);
    }
}

#[test]
fn what_does_not_fit_is_given_up_oldest_first_and_never_the_newest() {
    let options = Options {
        max_to_keep: u32::MAX,
        ..Options::DEFAULT
    };
    let mut flash = flash(4);
    for step in 1..100 {
        save(&mut flash, options, PAYLOAD, step..=step);
        let found = steps(&mut flash, options);
        let expected: Vec<i64> = (step - found.len() as i64 + 1..=step).collect();
        assert_eq!(found, expected, "the newest of them, without a gap");
    }
}

#[test]
fn checkpoints_kept_every_n_steps_outlive_many_rounds_of_the_ring() {
    let options = Options {
        max_to_keep: 2,
        keep: Keep::EverySteps(50),
        max_kept: 4,
        ..Options::DEFAULT
    };
    let mut flash = flash(8);
    for start in (1..600).step_by(13) {
        save(&mut flash, options, PAYLOAD, start..start + 13);
        let newest: i64 = start + 12;
        let found = steps(&mut flash, options);
        let kept = (1..=newest / 50).map(|interval| 50 * interval);
        let kept: Vec<i64> = kept.rev().take(4).collect();
        for step in kept.iter().chain(&[newest, newest - 1]) {
            assert!(found.contains(step), "{step} is not in {found:?}");
        }
        assert!(found.len() <= 6, "{found:?}");
    }
    assert_eq!(flash.violation(), None);
    assert!(flash.erases(0) >= 4, "the ring came round often");
}

#[test]
fn what_was_given_up_does_not_come_back_and_options_that_allow_more_take_effect() {
    let every = |interval, max_to_keep, max_kept| Options {
        max_to_keep,
        keep: Keep::EverySteps(interval),
        max_kept,
        ..Options::DEFAULT
    };
    // Three share a block: those that were kept are still there.
    let mut region = flash(12);
    save(&mut region, every(1, 1, 1), PAYLOAD, 1..=14);
    assert_eq!(steps(&mut region, every(1, 3, 3)), [14]);

    let options = |max_to_keep, max_kept| every(5, max_to_keep, max_kept);
    let mut flash = flash(12);
    save(&mut flash, options(1, 1), PAYLOAD, 1..=14);
    let more = options(3, 3);
    for (step, expected) in [
        (15, &[10, 14][..]),
        (16, &[10, 14, 15]),
        (17, &[10, 14, 15, 16]),
        (18, &[10, 15, 16, 17]),
        (19, &[10, 15, 16, 17, 18]),
        (20, &[10, 15, 17, 18, 19]),
    ] {
        assert_eq!(steps(&mut flash, more), expected, "before step {step}");
        save(&mut flash, more, PAYLOAD, step..=step);
    }
}

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(0) };
}

#[test]
fn checkpoints_kept_every_n_hours_outlive_the_others() {
    let options = Options {
        max_to_keep: 1,
        keep: Keep::EveryHours(2),
        max_kept: 3,
        clock: Some(|| NOW.get()),
        ..Options::DEFAULT
    };
    let mut flash = flash(8);
    // Half an hour between two saves, a restart at each.
    for step in 0..100 {
        NOW.set(1_700_000_000 + 1800 * step);
        save(&mut flash, options, PAYLOAD, step..=step);
    }
    // The first interval starts a second before the first save.
    assert_eq!(steps(&mut flash, options), [88, 92, 96, 99]);
    let mut manager = CheckpointManager::open(&mut flash, options).unwrap();
    let newest = manager.latest_checkpoint().expect("a checkpoint");
    assert_eq!(newest.info.time, Some(1_700_000_000 + 1800 * 99));
    assert!(!newest.kept && manager.checkpoints().next().is_some_and(|first| first.kept));
}

#[test]
fn an_interval_lets_saves_pass_that_come_too_early() {
    let options = Options {
        checkpoint_interval: 10,
        ..Options::DEFAULT
    };
    let mut flash = flash(4);
    let mut saved = Vec::new();
    for start in [0, 25, 50] {
        let mut manager = CheckpointManager::open(&mut flash, options).unwrap();
        let mut model = Model::new(PAYLOAD);
        manager.restore_or_initialize(&mut model).unwrap();
        for step in start + 1..=start + 25 {
            if manager.save(&Model::at(step, PAYLOAD)).unwrap().is_some() {
                saved.push(step);
            }
        }
    }
    // As in TensorFlow: from the last one that was saved or restored on.
    assert_eq!(saved, [1, 11, 21, 31, 41, 51, 61, 71]);
}

#[test]
fn the_counter_goes_on_over_restarts() {
    let mut flash = flash(4);
    for step in 1..60 {
        let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
        assert_eq!(i64::from(manager.save_counter()), step - 1);
        let saved = manager.save(&Model::at(step, PAYLOAD)).unwrap().unwrap();
        assert_eq!(i64::from(saved.save_counter), step);
        assert_eq!(manager.latest_checkpoint(), Some(saved));
    }
}
