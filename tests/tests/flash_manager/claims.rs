//! A region is taken only if it is blank or the manager's own, or on the user's word.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use gradlet::manager::{CheckpointManager, Claim, OpenError, Options};
use gradlet::mock_flash::Tear;
use gradlet_tests::model::Model;

use crate::small::Vectors;
use crate::{Flash, flash, newest, save};

const BLOCKS: usize = 4;
const PAYLOAD: usize = 200;

const FORMATTED: Options = Options {
    claim: Claim::Formatted,
    ..Options::DEFAULT
};
const INTERRUPTED: Options = Options {
    claim: Claim::Interrupted,
    ..Options::DEFAULT
};
const ANYTHING: Options = Options {
    claim: Claim::Anything,
    ..Options::DEFAULT
};

fn open(flash: &mut Flash, options: Options) -> Result<(), OpenError> {
    CheckpointManager::open(flash, options).map(drop)
}

/// Somebody else's bytes at `offset`, in an otherwise blank flash.
fn foreign(offset: usize, bytes: &[u8]) -> Flash {
    let mut flash = flash(BLOCKS);
    let mut image = vec![0xff; BLOCKS * 1024];
    image[offset..offset + bytes.len()].copy_from_slice(bytes);
    flash.load(&image);
    flash
}

#[test]
fn foreign_bytes_anywhere_are_reported_and_stay() {
    let kinds: [&[u8]; 5] = [
        b"somebody else's data",
        &[0; 64],
        &[0xfe],
        &[0x47, 0x43],
        b"GCKR, which is how a marker begins, but longer",
    ];
    for block in 0..BLOCKS {
        for within in [0, 1, 3, 4, 27, 28, 68, 512, 1023 - 64] {
            for bytes in kinds {
                let offset = block * 1024 + within;
                let mut flash = foreign(offset, bytes);
                let before = flash.image().to_vec();
                let found = open(&mut flash, Options::DEFAULT);
                let expected = match block == BLOCKS - 1 {
                    true => OpenError::Interrupted {
                        offset: offset as u32,
                    },
                    false => OpenError::Foreign {
                        offset: offset as u32,
                    },
                };
                assert_eq!(found, Err(expected), "{bytes:?} at {offset}");
                assert_eq!(open(&mut flash, FORMATTED), Err(expected));
                assert_eq!(flash.image(), before, "{bytes:?} at {offset}");
                assert_eq!(flash.steps(), 0, "nothing was written or erased");
            }
        }
    }
}

#[test]
fn a_flash_that_is_foreign_throughout_is_reported_and_stays() {
    for byte in [0, 0x55, 0xa5, 0x7f] {
        let mut flash = flash(BLOCKS);
        flash.load(&[byte; BLOCKS * 1024]);
        for options in [FORMATTED, Options::DEFAULT, INTERRUPTED] {
            let found = open(&mut flash, options);
            assert_eq!(found, Err(OpenError::Foreign { offset: 0 }));
        }
        assert_eq!(flash.steps(), 0);
        save(&mut flash, ANYTHING, PAYLOAD, 1..4);
        assert_eq!(newest(&mut flash, FORMATTED, PAYLOAD), Some(3));
    }
}

#[test]
fn a_blank_region_is_taken_by_the_first_save_unless_it_must_be_formatted() {
    let mut flash = flash(BLOCKS);
    assert_eq!(open(&mut flash, FORMATTED), Err(OpenError::Unformatted));
    assert_eq!(open(&mut flash, Options::DEFAULT), Ok(()));
    assert_eq!(flash.steps(), 0, "opening writes nothing");
    CheckpointManager::format(&mut flash, FORMATTED).expect("a flash that works");
    assert_eq!(open(&mut flash, FORMATTED), Ok(()));
    assert_eq!(newest(&mut flash, FORMATTED, PAYLOAD), None);
}

#[test]
fn formatting_gives_up_every_checkpoint_at_once_wherever_it_is_cut() {
    // With room behind the newest in its block, and with none.
    for newest_step in [7, 8] {
        let mut original = flash(BLOCKS);
        save(&mut original, Options::DEFAULT, PAYLOAD, 1..=newest_step);
        let mut cut = original.clone();
        let before = cut.steps();
        CheckpointManager::format(&mut cut, FORMATTED).expect("a flash that works");
        let steps = cut.steps() - before;
        for tear in [Tear::Nothing, Tear::Random, Tear::Blank, Tear::Complete] {
            for step in 0..=steps {
                cut.clone_from(&original);
                cut.cut_power(step, tear);
                let formatted = CheckpointManager::format(&mut cut, FORMATTED).is_ok();
                assert_eq!(formatted, step == steps);
                cut.power_on();
                let found = newest(&mut cut, FORMATTED, PAYLOAD);
                assert!(
                    found.is_none() || found == Some(newest_step),
                    "{step} {tear:?}: {found:?}"
                );
                assert!(!formatted || found.is_none());
                save(&mut cut, FORMATTED, PAYLOAD, 20..24);
                assert_eq!(newest(&mut cut, FORMATTED, PAYLOAD), Some(23));
                assert_eq!(cut.violation(), None);
            }
        }
    }
}

#[test]
fn a_first_save_that_is_cut_goes_on_or_asks_to_be_told() {
    let mut asked = 0;
    for tear in [
        Tear::Nothing,
        Tear::Bytes(2),
        Tear::Random,
        Tear::Blank,
        Tear::Complete,
    ] {
        for step in 0.. {
            let mut flash = flash(BLOCKS);
            flash.cut_power(step, tear);
            let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
            let complete = manager.save(&Model::at(1, PAYLOAD)).is_ok();
            flash.power_on();
            match open(&mut flash, Options::DEFAULT) {
                Ok(()) => {}
                Err(OpenError::Interrupted { .. }) => {
                    asked += 1;
                    // Whoever knows that nobody else writes there loses nothing.
                    assert_eq!(newest(&mut flash, INTERRUPTED, PAYLOAD), None);
                    CheckpointManager::format(&mut flash, Options::DEFAULT).unwrap();
                }
                other => panic!("{tear:?} in step {step}: {other:?}"),
            }
            save(&mut flash, Options::DEFAULT, PAYLOAD, 2..30);
            assert_eq!(newest(&mut flash, Options::DEFAULT, PAYLOAD), Some(29));
            assert_eq!(flash.violation(), None);
            if complete {
                break;
            }
        }
    }
    assert!(asked > 0, "some cut leaves something that may be anybody's");
    assert!(
        asked <= 4,
        "only cuts of the first erase and the first word: {asked}"
    );
}

#[test]
fn a_region_of_other_sizes_is_reported_and_stays() {
    let mut written = flash(BLOCKS);
    save(&mut written, Options::DEFAULT, PAYLOAD, 1..9);
    let mut image = written.image().to_vec();
    image.extend([0xff; 1024]);
    let mut larger = flash(BLOCKS + 1);
    larger.load(&image);
    let found = open(&mut larger, Options::DEFAULT);
    let Err(OpenError::OtherGeometry { expected, found }) = found else {
        panic!("{found:?}");
    };
    assert_eq!((expected.blocks(), found.blocks()), (5, 4));
    assert_eq!(larger.steps(), 0);
}

#[test]
fn a_region_whose_checkpoints_are_all_gone_is_reported_and_stays() {
    let mut written = flash(BLOCKS);
    save(&mut written, Options::DEFAULT, PAYLOAD, 1..40);
    let mut image = written.image().to_vec();
    // Every marker stays, and nothing else is as it was.
    for block in image.chunks_mut(1024) {
        for byte in &mut block[28..] {
            *byte ^= 0x10;
        }
    }
    let mut damaged = flash(BLOCKS);
    damaged.load(&image);
    for options in [FORMATTED, Options::DEFAULT, INTERRUPTED] {
        assert_eq!(open(&mut damaged, options), Err(OpenError::Damaged));
    }
    assert_eq!(damaged.steps(), 0);
}

#[test]
fn another_model_is_reported_and_nothing_is_saved_beside_it() {
    use gradlet::manager::{Restoration, SaveError};
    let mut flash = flash(BLOCKS);
    save(&mut flash, Options::DEFAULT, PAYLOAD, 1..5);
    let steps = flash.steps();
    let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
    let mut other = Model::at(77, PAYLOAD + 1);
    let found = manager.restore_or_initialize(&mut other);
    assert!(
        matches!(found, Ok(Restoration::Incompatible(_))),
        "{found:?}"
    );
    assert_eq!(other.whole(), Some(77), "the variables are as they were");
    let saved = manager.save(&other);
    assert!(
        matches!(saved, Err(SaveError::Incompatible(_))),
        "{saved:?}"
    );
    assert_eq!(flash.steps(), steps);
    let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
    manager.restore_or_initialize(&mut other).unwrap();
    let mut own = Model::new(PAYLOAD);
    manager.restore_or_initialize(&mut own).unwrap();
    assert!(manager.save(&own).is_ok(), "what was restored fits");

    let steps_then = flash.steps();
    let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
    let saved = manager.save(&other);
    assert!(
        matches!(saved, Err(SaveError::Incompatible(_))),
        "nothing was restored: {saved:?}"
    );
    assert_eq!(flash.steps(), steps_then);
    assert_eq!(newest(&mut flash, Options::DEFAULT, PAYLOAD), Some(4));
}

#[test]
fn variables_that_do_not_fit_are_not_saved_although_the_model_id_does() {
    use gradlet::manager::{Restoration, SaveError};
    let mut flash = flash(BLOCKS);
    let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
    manager.save(&Vectors::new(&[("a", 3)])).unwrap();
    let mut other = Vectors::new(&[("a", 4)]);
    let found = manager.restore_or_initialize(&mut other);
    assert!(
        matches!(found, Ok(Restoration::Incompatible(_))),
        "{found:?}"
    );
    let saved = manager.save(&other);
    assert!(
        matches!(saved, Err(SaveError::Incompatible(_))),
        "{saved:?}"
    );
}

#[test]
fn a_region_that_begins_in_another_block_is_foreign() {
    let mut written = flash(BLOCKS);
    save(&mut written, Options::DEFAULT, PAYLOAD, 1..40);
    let mut image = written.image().to_vec();
    image.rotate_left(1024);
    let mut moved = flash(BLOCKS);
    moved.load(&image);
    let found = open(&mut moved, Options::DEFAULT);
    assert_eq!(found, Err(OpenError::Foreign { offset: 0 }));
    assert_eq!(moved.steps(), 0);
}

#[test]
fn a_region_that_is_too_small_says_what_it_needs_and_that_is_enough() {
    use gradlet::manager::SaveError;
    for payload in [100, 900, 1000, 3000, 10_000] {
        let mut small = flash(2);
        let mut manager = CheckpointManager::open(&mut small, Options::DEFAULT).unwrap();
        match manager.save(&Model::at(1, payload)) {
            Ok(_) => assert!(payload < 900, "{payload}"),
            Err(SaveError::RegionTooSmall { needed, found }) => {
                assert_eq!(found, 2048);
                assert_eq!(small.steps(), 0, "nothing was erased");
                let blocks = needed as usize / 1024;
                let mut enough = flash(blocks);
                save(&mut enough, Options::DEFAULT, payload, 1..100);
                assert_eq!(newest(&mut enough, Options::DEFAULT, payload), Some(99));
            }
            other => panic!("{payload}: {other:?}"),
        }
    }
    assert_eq!(Flash::ERASE_SIZE, 1024);
}

#[test]
fn a_partition_keeps_to_itself() {
    use gradlet::manager::Partition;
    let mut flash = flash(7);
    let mut image = vec![0xff; 7 * 1024];
    image[..2 * 1024].fill(0x11);
    image[6 * 1024..].fill(0x22);
    flash.load(&image);
    for (start, end) in [(1, 2048), (0, 2047), (3072, 2048), (0, 8 * 1024)] {
        assert!(
            Partition::new(&mut flash, start..end).is_err(),
            "{start}..{end}"
        );
    }
    for step in 1..60 {
        let region = Partition::new(&mut flash, 2 * 1024..6 * 1024).unwrap();
        let mut manager = CheckpointManager::open(region, Options::DEFAULT).unwrap();
        assert_eq!(manager.geometry().blocks(), 4);
        manager.save(&Model::at(step, PAYLOAD)).unwrap();
    }
    assert!(flash.image()[..2 * 1024].iter().all(|&byte| byte == 0x11));
    assert!(flash.image()[6 * 1024..].iter().all(|&byte| byte == 0x22));
    assert_eq!(flash.violation(), None);
    let mut region = Partition::new(&mut flash, 2 * 1024..6 * 1024).unwrap();
    assert!(
        NorFlash::erase(&mut region, 3072, 5120).is_err(),
        "beyond its end"
    );
    for offset in [4092, 4096] {
        assert!(
            NorFlash::write(&mut region, offset, &[0; 8]).is_err(),
            "beyond its end: {offset}"
        );
        assert!(
            ReadNorFlash::read(&mut region, offset, &mut [0; 8]).is_err(),
            "beyond its end: {offset}"
        );
    }
    assert!(flash.image()[6 * 1024..].iter().all(|&byte| byte == 0x22));
}

/// The marker of block `block` as FLASH.md has it.
fn marker(block: u16, sequence: u32) -> Vec<u8> {
    let mut bytes = b"GCKR\x01\x04\0\0".to_vec();
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(1024u32.to_le_bytes());
    bytes.extend((BLOCKS as u16).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    let mut crc = gradlet::Crc32c::new();
    crc.update(&bytes);
    bytes.extend(crc.value().to_le_bytes());
    bytes
}

#[test]
fn sequence_numbers_that_are_used_up_are_reported_and_formatting_starts_anew() {
    use gradlet::manager::SaveError;
    for (sequence, is_exhausted) in [(u32::MAX, true), (u32::MAX - 100, true), (1 << 31, false)] {
        let mut flash = flash(BLOCKS);
        save(&mut flash, Options::DEFAULT, PAYLOAD, 1..3);
        // A block that is not in use says that the numbers have come that far.
        let mut image = flash.image().to_vec();
        let free = (0..BLOCKS).find(|block| image[block * 1024..][..28] == [0xff; 28]);
        let free = free.expect("a block was never used");
        image[free * 1024..][..28].copy_from_slice(&marker(free as u16, sequence));
        flash.load(&image);
        let steps = flash.steps();

        let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
        let before = manager.latest_checkpoint();
        let model = Model::at(9, PAYLOAD);
        let saved = manager.save(&model);
        if !is_exhausted {
            assert!(saved.is_ok(), "{saved:?}");
            continue;
        }
        assert_eq!(saved, Err(SaveError::Exhausted));
        assert_eq!(manager.latest_checkpoint(), before, "what was there stays");
        assert_eq!(flash.steps(), steps, "nothing was written or erased");

        let mut manager = CheckpointManager::format(&mut flash, Options::DEFAULT).unwrap();
        assert_eq!(manager.latest_checkpoint(), None);
        manager.save(&model).unwrap();
        assert_eq!(newest(&mut flash, Options::DEFAULT, PAYLOAD), Some(9));
        assert_eq!(flash.violation(), None);
    }
}
