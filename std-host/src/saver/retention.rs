//! Which checkpoints a saver keeps.

use std::collections::VecDeque;

/// Default of `keep_checkpoint_every_n_hours`: in effect never.
pub(super) const NEVER: f32 = 10_000.0;

/// The bookkeeping of `tf.compat.v1.train.Saver`: a list of recent checkpoints, and a queue of
/// those that fell off it. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Retention {
    /// 0 keeps all and lists none.
    max_to_keep: usize,
    /// TensorFlow holds the period in a single-precision field of `SaverDef`.
    every_n_hours: f32,
    started: f64,
    next_to_keep: f64,
    last: Vec<(String, f64)>,
    to_delete: VecDeque<(String, f64)>,
}

impl Retention {
    /// The bookkeeping of a saver that was built at `started`.
    pub(super) fn new(started: f64) -> Retention {
        let mut retention = Retention {
            max_to_keep: 5,
            every_n_hours: NEVER,
            started,
            next_to_keep: started,
            last: Vec::new(),
            to_delete: VecDeque::new(),
        };
        retention.keep_every(NEVER);
        retention
    }

    pub(super) fn max_to_keep(&self) -> usize {
        self.max_to_keep
    }

    pub(super) fn set_max_to_keep(&mut self, max_to_keep: usize) {
        self.max_to_keep = max_to_keep;
    }

    pub(super) fn every_n_hours(&self) -> f32 {
        self.every_n_hours
    }

    /// Sets the period; it counts from when the saver was built.
    pub(super) fn keep_every(&mut self, hours: f32) {
        self.every_n_hours = hours;
        self.next_to_keep = self.started + f64::from(hours) * 3600.0;
    }

    /// Recent checkpoints, oldest first, and when they were written.
    pub(super) fn last(&self) -> &[(String, f64)] {
        &self.last
    }

    pub(super) fn set_last(&mut self, last: Vec<(String, f64)>) {
        self.last = last;
    }

    /// Notes a new checkpoint. One that was written again counts as new.
    pub(super) fn record(&mut self, path: &str, now: f64) {
        if self.max_to_keep == 0 {
            return;
        }
        self.last.retain(|(known, _)| known != path);
        self.last.push((path.to_owned(), now));
        if self.last.len() > self.max_to_keep {
            self.to_delete.push_back(self.last.remove(0));
        }
    }

    /// The checkpoint to delete now, if any: at most one after each save. One that is newer than
    /// the next time to keep is kept for ever instead.
    pub(super) fn due(&mut self) -> Option<String> {
        let (path, written) = self.to_delete.pop_front()?;
        if written > self.next_to_keep {
            self.next_to_keep += f64::from(self.every_n_hours) * 3600.0;
            return None;
        }
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(retention: &mut Retention, path: &str, now: f64) -> Option<String> {
        retention.record(path, now);
        retention.due()
    }

    #[test]
    fn the_oldest_goes_first_and_a_path_written_again_counts_as_new() {
        let mut retention = Retention::new(0.0);
        retention.set_max_to_keep(2);
        assert_eq!(kept(&mut retention, "a", 1.0), None);
        assert_eq!(kept(&mut retention, "b", 2.0), None);
        assert_eq!(
            kept(&mut retention, "a", 3.0),
            None,
            "two checkpoints are allowed"
        );
        assert_eq!(kept(&mut retention, "c", 4.0).as_deref(), Some("b"));
    }

    #[test]
    fn one_checkpoint_a_period_is_kept_for_ever() {
        let mut retention = Retention::new(0.0);
        retention.set_max_to_keep(1);
        retention.keep_every(1.0);
        let deleted: Vec<_> = (1..8)
            .filter_map(|i| kept(&mut retention, &i.to_string(), 1000.0 * f64::from(i)))
            .collect();
        assert_eq!(
            deleted,
            ["1", "2", "3", "5", "6"],
            "4 is the first after one hour"
        );
    }
}
