//! Any sizes that a flash can have.

use gradlet::manager::{CheckpointManager, Options, Restoration};
use gradlet::mock_flash::{MockFlash, storage_len};
use gradlet_tests::model::Model;

/// Saves over several rounds, with restarts, and finds the newest each time.
fn round_trip<const READ: usize, const WRITE: usize, const ERASE: usize>() {
    for blocks in [2, 3, 7] {
        for payload in [0, 1, 31, ERASE / 4, ERASE / 2] {
            let storage = vec![0; storage_len(ERASE, blocks)];
            let mut flash = MockFlash::<_, READ, WRITE, ERASE>::new(storage);
            let mut step = 0;
            while step < 40 {
                let mut manager = CheckpointManager::open(&mut flash, Options::DEFAULT).unwrap();
                let mut model = Model::new(payload);
                let found = manager.restore_or_initialize(&mut model).unwrap();
                let context = format!("{READ}/{WRITE}/{ERASE}, {blocks} blocks, {payload} bytes");
                match found {
                    Restoration::Initialized => assert_eq!(step, 0, "{context}"),
                    _ => assert_eq!(model.whole(), Some(step), "{context}"),
                }
                for _ in 0..5 {
                    step += 1;
                    model.train_to(step);
                    let saved = manager.save(&model);
                    assert!(saved.is_ok(), "{context}: {saved:?}");
                }
            }
            assert_eq!(flash.violation(), None);
        }
    }
}

#[test]
fn every_read_write_and_erase_size_works() {
    round_trip::<1, 1, 512>();
    round_trip::<1, 2, 512>();
    round_trip::<1, 32, 1024>();
    round_trip::<2, 1, 512>();
    round_trip::<4, 1, 1024>();
    round_trip::<4, 4, 4096>();
    round_trip::<8, 4, 1024>();
    round_trip::<16, 8, 2048>();
    round_trip::<32, 32, 1024>();
    round_trip::<64, 16, 2048>();
    round_trip::<4, 16, 8192>();
    // sizes that are no powers of two
    round_trip::<3, 3, 1536>();
    round_trip::<6, 4, 1536>();
    round_trip::<1, 24, 1536>();
}
