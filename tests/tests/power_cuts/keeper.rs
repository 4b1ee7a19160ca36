//! What the oracle sees of anything that keeps checkpoints in a flash: the manager, and others
//! that are broken on purpose.

use embedded_storage::nor_flash::NorFlash;
use gradlet::manager::{CheckpointManager, Options, Restoration, RestoreError, SmallManager};

use crate::model::Model;

/// Keeps checkpoints in a flash.
pub(crate) trait Keeper: Copy {
    type Open<F: NorFlash>: Open;

    /// Opens the flash, as after a restart.
    fn open<F: NorFlash>(&self, flash: F) -> Result<Self::Open<F>, String>;

    /// The steps that have to be there while `newest` is the newest, if every step was saved.
    fn kept(&self, newest: i64) -> Vec<i64>;
}

/// A keeper that was opened.
pub(crate) trait Open {
    /// Restores the newest checkpoint; its step, if there is one.
    fn restore(&mut self, model: &mut Model) -> Result<Option<i64>, String>;

    fn save(&mut self, model: &Model) -> Result<(), String>;

    /// The steps of all checkpoints that are there and whole.
    fn steps(&mut self, payload: usize) -> Vec<i64>;
}

/// The checkpoint manager.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manager {
    pub(crate) options: Options,
    /// Every how many steps one is kept, and how many of those at most.
    pub(crate) keeps: Option<(i64, i64)>,
    /// How many of the newest there is always room for.
    pub(crate) recent: i64,
}

impl Keeper for Manager {
    type Open<F: NorFlash> = CheckpointManager<F>;

    fn open<F: NorFlash>(&self, flash: F) -> Result<CheckpointManager<F>, String> {
        CheckpointManager::open(flash, self.options).map_err(|error| error.to_string())
    }

    fn kept(&self, newest: i64) -> Vec<i64> {
        let recent = (newest - self.recent + 1).max(1)..=newest;
        let Some((every, most)) = self.keeps else {
            return recent.collect();
        };
        let last = newest / every;
        let first = (last - most + 1).max(1);
        let kept = (first..=last).map(|interval| interval * every);
        kept.chain(recent).collect()
    }
}

impl<F: NorFlash> Open for CheckpointManager<F> {
    fn restore(&mut self, model: &mut Model) -> Result<Option<i64>, String> {
        step_of(self.restore_or_initialize(model))
    }

    fn save(&mut self, model: &Model) -> Result<(), String> {
        match CheckpointManager::save(self, model) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("nothing was saved".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn steps(&mut self, payload: usize) -> Vec<i64> {
        let exact = gradlet::checkpoint::Restore::new();
        let saved: Vec<_> = self.checkpoints().collect();
        let whole = saved.iter().filter_map(|saved| {
            let mut model = Model::new(payload);
            self.restore(saved.save_counter, &exact, &mut model).ok()?;
            model.whole()
        });
        whole.collect()
    }
}

/// The small manager, with so many slots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Small {
    pub(crate) slots: u32,
}

impl Keeper for Small {
    type Open<F: NorFlash> = SmallManager<F>;

    fn open<F: NorFlash>(&self, flash: F) -> Result<SmallManager<F>, String> {
        SmallManager::open(flash, self.slots).map_err(|error| error.to_string())
    }

    fn kept(&self, newest: i64) -> Vec<i64> {
        (newest.max(1)..=newest).collect()
    }
}

impl<F: NorFlash> Open for SmallManager<F> {
    fn restore(&mut self, model: &mut Model) -> Result<Option<i64>, String> {
        step_of(self.restore_or_initialize(model))
    }

    fn save(&mut self, model: &Model) -> Result<(), String> {
        let saved = SmallManager::save(self, model);
        saved.map(drop).map_err(|error| error.to_string())
    }

    fn steps(&mut self, payload: usize) -> Vec<i64> {
        let mut model = Model::new(payload);
        let restored = self.restore(&mut model).ok().flatten();
        restored.and_then(|_| model.whole()).into_iter().collect()
    }
}

/// The step that was restored, if there was a checkpoint.
fn step_of(restored: Result<Restoration, RestoreError>) -> Result<Option<i64>, String> {
    match restored {
        Ok(Restoration::Restored { step, .. }) => Ok(Some(step)),
        Ok(Restoration::Initialized) => Ok(None),
        other => Err(format!("{other:?}")),
    }
}
