//! Blocks wear evenly, and a region bears what was said of it.

use gradlet::manager::{CheckpointManager, Keep, Options, Start};
use gradlet::mock_flash::{MockFlash, Tear, TornReads, storage_len};
use gradlet_tests::{figures, model::Model};

use crate::{Flash, flash, save};

pub(crate) fn erases<S, const READ: usize, const WRITE: usize, const ERASE: usize>(
    flash: &MockFlash<S, READ, WRITE, ERASE>,
) -> (u32, u32)
where
    S: AsRef<[u8]> + AsMut<[u8]>,
{
    let counts = (0..flash.blocks()).map(|block| flash.erases(block));
    let least = counts.clone().min().unwrap_or(0);
    (least, counts.max().unwrap_or(0))
}

#[test]
fn blocks_are_erased_equally_often() {
    let kept = Options {
        max_to_keep: 2,
        keep: Keep::EverySteps(100),
        max_kept: 3,
        ..Options::DEFAULT
    };
    for (payload, options) in [
        (60, Options::DEFAULT),
        (200, kept),
        (700, Options::DEFAULT),
        (2500, Options::DEFAULT),
        (1500, kept),
    ] {
        for restarts in [1, 40] {
            let mut flash = flash(24);
            for start in (0..4000).step_by(4000 / restarts) {
                save(
                    &mut flash,
                    options,
                    payload,
                    start..start + 4000 / restarts as i64,
                );
            }
            let (least, most) = erases(&flash);
            assert!(
                most - least <= 1,
                "{payload} bytes, {restarts} starts: {least} to {most} erases"
            );
            assert!(least > 5, "{payload} bytes: only {least} erases");
        }
    }
}

#[test]
fn a_region_bears_as_many_saves_as_it_says() {
    for payload in [60, 200, 700, 2500] {
        let mut flash = flash(8);
        let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
        let length = manager
            .save(&Model::at(1, payload))
            .unwrap()
            .unwrap()
            .length;
        let cycles = 100;
        let promised = manager.endurance(length, cycles);
        for step in 2..=promised as i64 {
            manager.save(&Model::at(step, payload)).unwrap();
        }
        let (_, most) = erases(&flash);
        let used = f64::from(most) / f64::from(cycles);
        figures::print(
            &format!("endurance.used_{payload}"),
            format!("{used:.2}"),
            "of the cycles",
        );
        // Copies of what lives on come on top, and the last blocks of a round may stay unused.
        assert!(used > 0.9 && used < 1.35, "{payload} bytes: {used}");
        let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
        assert!(manager.endurance(length, cycles) < promised / 10);
        assert!(manager.save(&Model::at(-1, payload)).is_ok());
    }
}

#[test]
fn small_checkpoints_share_a_large_block() {
    type Large = MockFlash<Vec<u8>, 4, 32, 131_072>;
    let mut flash = Large::new(vec![0; storage_len(131_072, 2)]);
    let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
    let length = manager.save(&Model::at(1, 2000)).unwrap().unwrap().length;
    let a_block = manager.geometry().endurance(length, 1) / 2;
    assert!(
        a_block >= 55,
        "{a_block} checkpoints of {length} bytes a block"
    );
    for step in 2..=10 * a_block as i64 {
        manager.save(&Model::at(step, 2000)).unwrap();
    }
    let erases: u32 = (0..2).map(|block| flash.erases(block)).sum();
    assert!(
        erases <= 12,
        "{erases} erases for ten blocks of checkpoints"
    );
}

#[test]
fn a_device_that_only_slept_goes_on_in_the_same_block() {
    let erases_of = |start| {
        let options = Options {
            start,
            ..Options::DEFAULT
        };
        let mut flash = flash(8);
        for step in 1..=100 {
            save(&mut flash, options, 60, step..=step);
        }
        assert_eq!(flash.violation(), None);
        (0..8).map(|block| flash.erases(block)).sum::<u32>()
    };
    assert_eq!(erases_of(Start::PowerUp), 100, "a block a start");
    assert!(erases_of(Start::Clean) < 25);
}

#[test]
fn what_was_begun_behind_the_last_checkpoint_is_never_written_again() {
    let tears = [Tear::Bytes(2), Tear::Random, Tear::Complete];
    let cases = tears.map(|tear| (tear, TornReads::AsTheyAre));
    for (tear, torn_reads) in cases.into_iter().chain([(Tear::Random, TornReads::Error)]) {
        for cut in 0..40 {
            let mut flash = flash(8);
            save(&mut flash, Options::DEFAULT, 60, 1..3);
            let clean = Options {
                start: Start::Clean,
                ..Options::DEFAULT
            };
            flash.cut_power(cut, tear);
            let mut manager = CheckpointManager::open(&mut flash, clean).unwrap();
            let complete = manager.save(&Model::at(3, 60)).is_ok();
            flash.power_on();
            flash.set_torn_reads(torn_reads);
            // The user is wrong to say so, but what can be seen is seen.
            save(&mut flash, clean, 60, 4..8);
            let context = format!("{tear:?} in step {cut}, read as {torn_reads:?}");
            assert_eq!(flash.violation(), None, "{context}");
            if complete {
                break;
            }
        }
    }
}

#[test]
fn an_erase_that_is_cut_does_not_make_the_region_younger() {
    for tear in [Tear::Random, Tear::Blank] {
        let mut flash = flash(4);
        save(&mut flash, Options::DEFAULT, 700, 1..40);
        let left = |flash: &mut Flash| {
            let manager = CheckpointManager::open(flash, Options::DEFAULT).unwrap();
            manager.endurance(700, 100)
        };
        let before = left(&mut flash);
        flash.cut_power(0, tear);
        let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
        assert!(manager.save(&Model::at(40, 700)).is_err());
        flash.power_on();
        save(&mut flash, Options::DEFAULT, 700, 40..41);
        let after = left(&mut flash);
        assert!(after <= before, "{tear:?}: {before}, then {after}");
    }
}

#[test]
fn checkpoints_that_fill_a_block_to_its_last_byte_share_it() {
    let options = Options {
        max_to_keep: 1,
        ..Options::DEFAULT
    };
    let thirds = (0..400).find(|&payload| {
        let mut flash = flash(4);
        let mut manager = CheckpointManager::open(&mut flash, options).unwrap();
        let saved = manager.save(&Model::at(1, payload)).unwrap().unwrap();
        let geometry = manager.geometry();
        let extent = geometry.extent(saved.length).unwrap();
        3 * extent.end == geometry.block_data()
    });
    let payload = thirds.expect("checkpoints of which three fill a block");
    let mut flash = flash(4);
    // Two share the first block with the record of the claim.
    save(&mut flash, options, payload, 0..2 + 3 * 5);
    let erases: u32 = (0..4).map(|block| flash.erases(block)).sum();
    assert_eq!(erases, 1 + 5);
}
