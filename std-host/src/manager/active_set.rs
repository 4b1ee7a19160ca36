//! Which checkpoints a manager may delete.

use std::collections::VecDeque;

use crate::proto::checkpoint_state::CheckpointState;

const SECONDS_PER_HOUR: f64 = 3600.0;

/// The bookkeeping of `tf.train.CheckpointManager`. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct ActiveSet {
    /// Checkpoints that may be deleted, oldest first, and when they were written.
    checkpoints: VecDeque<(String, f64)>,
    /// When the newest of those kept for ever was written.
    last_preserved: f64,
}

impl ActiveSet {
    /// The set of a new directory. The time is set back a little, so that a checkpoint written at
    /// once is managed by the next manager.
    pub(super) fn new(now: f64) -> ActiveSet {
        ActiveSet {
            checkpoints: VecDeque::new(),
            last_preserved: now - 1.0,
        }
    }

    /// The set that a state file describes.
    ///
    /// Times in the future, from a clock that was set back, count as now. Checkpoints without a
    /// time, and those not newer than the last one kept for ever, are not managed.
    pub(super) fn recovered(state: CheckpointState, now: f64) -> ActiveSet {
        let noted = state.last_preserved_timestamp;
        if now < noted {
            log::warn!(
                "the clock is {} seconds behind the last preserved checkpoint timestamp",
                noted - now
            );
        }
        let last_preserved = if now < noted { now } else { noted };
        let mut times = state.all_model_checkpoint_timestamps;
        if times.is_empty() {
            times = vec![last_preserved; state.all_model_checkpoint_paths.len()];
        }
        let mut active = ActiveSet {
            checkpoints: VecDeque::new(),
            last_preserved,
        };
        for (path, time) in state.all_model_checkpoint_paths.into_iter().zip(times) {
            let time = if now < time { now } else { time };
            if time > last_preserved {
                // A path that appears twice keeps its place and takes the later time.
                match active
                    .checkpoints
                    .iter_mut()
                    .find(|(known, _)| *known == path)
                {
                    Some((_, known)) => *known = time,
                    None => active.checkpoints.push_back((path, time)),
                }
            }
        }
        active
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.checkpoints.iter().map(|(path, _)| path.as_str())
    }

    pub(super) fn timestamps(&self) -> impl Iterator<Item = f64> {
        self.checkpoints.iter().map(|(_, time)| *time)
    }

    pub(super) fn last_preserved(&self) -> f64 {
        self.last_preserved
    }

    /// Adds a new checkpoint; one that was written again goes to the end.
    pub(super) fn insert(&mut self, path: &str, now: f64) {
        self.checkpoints.retain(|(known, _)| known != path);
        self.checkpoints.push_back((path.to_owned(), now));
    }

    /// Takes the oldest checkpoint out if there are too many. The inner value is the checkpoint to
    /// delete, or `None` if it is kept for ever.
    pub(super) fn exceeding(
        &mut self,
        max_to_keep: usize,
        keep_every_n_hours: Option<f64>,
    ) -> Option<Option<String>> {
        if self.checkpoints.len() <= max_to_keep {
            return None;
        }
        let (path, time) = self.checkpoints.pop_front()?;
        let period = keep_every_n_hours.filter(|hours| *hours != 0.0);
        if period.is_some_and(|hours| time - hours * SECONDS_PER_HOUR >= self.last_preserved) {
            self.last_preserved = time;
            return Some(None);
        }
        Some(Some(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(times: &[f64], last_preserved_timestamp: f64) -> CheckpointState {
        let paths: Vec<String> = (1..=3).map(|number| format!("ckpt-{number}")).collect();
        CheckpointState {
            model_checkpoint_path: "ckpt-3".to_owned(),
            all_model_checkpoint_paths: paths,
            all_model_checkpoint_timestamps: times.to_vec(),
            last_preserved_timestamp,
        }
    }

    #[test]
    fn checkpoints_without_times_are_not_managed() {
        let active = ActiveSet::recovered(state(&[], 0.0), 100.0);
        assert_eq!(active.paths().count(), 0, "nothing is known of their age");
    }

    #[test]
    fn times_in_the_future_count_as_now() {
        let active = ActiveSet::recovered(state(&[10.0, 20.0, 500.0], 15.0), 100.0);
        assert_eq!(active.paths().collect::<Vec<_>>(), ["ckpt-2", "ckpt-3"]);
        assert_eq!(active.timestamps().collect::<Vec<_>>(), [20.0, 100.0]);
        let set_back = ActiveSet::recovered(state(&[10.0, 20.0, 30.0], 25.0), 5.0);
        assert_eq!(set_back.paths().count(), 0);
        assert_eq!(set_back.last_preserved(), 5.0);
    }
}
