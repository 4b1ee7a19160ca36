//! The checkpoint managers beyond losses of power: whose region it is, what lives on, how evenly
//! blocks wear, what any image makes of it.

mod asynchronous;
mod claims;
mod geometries;
mod images;
mod retention;
mod small;
mod wear;

use gradlet::manager::{CheckpointManager, Options, Restoration};
use gradlet::mock_flash::{MockFlash, storage_len};
use gradlet_tests::model::Model;

/// Blocks of 1 KiB that are written in words.
type Flash = MockFlash<Vec<u8>, 1, 4, 1024>;

fn flash(blocks: usize) -> Flash {
    Flash::new(vec![0; storage_len(1024, blocks)])
}

/// Saves these steps, one start for all of them.
fn save(flash: &mut Flash, options: Options, payload: usize, steps: impl Iterator<Item = i64>) {
    let mut manager = CheckpointManager::open(flash, options).expect("a region");
    for step in steps {
        let saved = manager.save(&Model::at(step, payload));
        assert!(saved.is_ok(), "step {step}: {saved:?}");
    }
}

/// The step of the newest checkpoint, whole.
fn newest(flash: &mut Flash, options: Options, payload: usize) -> Option<i64> {
    let mut manager = CheckpointManager::open(flash, options).expect("a region");
    let mut model = Model::new(payload);
    match manager.restore_or_initialize(&mut model) {
        Ok(Restoration::Restored { step, .. }) => {
            assert_eq!(model.whole(), Some(step));
            Some(step)
        }
        Ok(Restoration::Initialized) => None,
        other => panic!("{other:?}"),
    }
}
