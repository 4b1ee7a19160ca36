//! Waiting for new checkpoints (`tf.train.checkpoints_iterator`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::management::ManagementError;
use crate::state::latest_checkpoint;

/// Where files change without notice (network file systems, a directory that is not there yet),
/// the directory is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Gives the newest checkpoint of a directory each time there is a new one
/// (`tf.train.checkpoints_iterator`).
///
/// The directory is looked at only when the next checkpoint is asked for: checkpoints that come and
/// go in between are missed. Waiting takes no processor time; a new state file is noticed at once.
///
/// ```no_run
/// use std::time::Duration;
/// use gradlet_host::iterator::CheckpointsIterator;
///
/// for prefix in CheckpointsIterator::new("run").timeout(Duration::from_secs(600)) {
///     println!("evaluate {}", prefix?);
/// }
/// # Ok::<(), gradlet_host::ManagementError>(())
/// ```
pub struct CheckpointsIterator {
    directory: PathBuf,
    min_interval: Duration,
    timeout: Option<Duration>,
    timed_out: Option<Box<dyn FnMut() -> bool>>,
    last: Option<String>,
    given: Option<Instant>,
    finished: bool,
}

impl CheckpointsIterator {
    /// Waits for checkpoints in this directory, for ever.
    pub fn new(directory: impl AsRef<Path>) -> CheckpointsIterator {
        CheckpointsIterator {
            directory: directory.as_ref().to_path_buf(),
            min_interval: Duration::ZERO,
            timeout: None,
            timed_out: None,
            last: None,
            given: None,
            finished: false,
        }
    }

    /// Time between two checkpoints at least (`min_interval_secs`).
    #[must_use]
    pub fn min_interval(mut self, interval: Duration) -> CheckpointsIterator {
        self.min_interval = interval;
        self
    }

    /// Ends if no new checkpoint comes for so long (`timeout`).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> CheckpointsIterator {
        self.timeout = Some(timeout);
        self
    }

    /// Is asked after each checkpoint and each timeout whether to end; a timeout alone then does
    /// not end the iteration (`timeout_fn`).
    #[must_use]
    pub fn timeout_fn(mut self, finished: impl FnMut() -> bool + 'static) -> CheckpointsIterator {
        self.timed_out = Some(Box::new(finished));
        self
    }

    /// Waits for a checkpoint other than the last one; `None` after the timeout
    /// (`wait_for_new_checkpoint`).
    fn wait(&self) -> Result<Option<String>, ManagementError> {
        let until = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let mut changes = None;
        loop {
            // Watching starts before looking, so that nothing falls in between.
            let changed = changes.get_or_insert_with(|| Changes::watch(&self.directory));
            match latest_checkpoint(&self.directory, None)? {
                Some(prefix) if self.last.as_ref() != Some(&prefix) => return Ok(Some(prefix)),
                _ => {}
            }
            let left = match until {
                None => LOOK_EVERY,
                Some(until) => match until.checked_duration_since(Instant::now()) {
                    None | Some(Duration::ZERO) => return Ok(None),
                    Some(left) => left.min(LOOK_EVERY),
                },
            };
            if !changed.wait(left) {
                changes = None;
            }
        }
    }

    fn is_finished(&mut self) -> bool {
        self.timed_out.as_mut().is_some_and(|finished| finished())
    }
}

impl Iterator for CheckpointsIterator {
    type Item = Result<String, ManagementError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(given) = self.given.take() {
            thread::sleep(self.min_interval.saturating_sub(given.elapsed()));
            self.finished |= self.is_finished();
        }
        while !self.finished {
            match self.wait() {
                Ok(Some(prefix)) => {
                    self.last = Some(prefix.clone());
                    self.given = Some(Instant::now());
                    return Some(Ok(prefix));
                }
                Ok(None) => self.finished = self.timed_out.is_none() || self.is_finished(),
                Err(error) => {
                    self.finished = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl fmt::Debug for CheckpointsIterator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointsIterator")
            .field("directory", &self.directory)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

/// Notices of changes in a directory.
struct Changes {
    /// Ends the notices when it is dropped; absent where there are none.
    _watcher: Option<RecommendedWatcher>,
    notices: Receiver<()>,
}

impl Changes {
    fn watch(directory: &Path) -> Changes {
        let (sender, notices) = mpsc::channel();
        let notice = move |_| {
            // A receiver that is gone wants no more notices.
            let _ = sender.send(());
        };
        let watcher = notify::recommended_watcher(notice)
            .ok()
            .and_then(|mut watcher| {
                watcher.watch(directory, RecursiveMode::NonRecursive).ok()?;
                Some(watcher)
            });
        Changes {
            _watcher: watcher,
            notices,
        }
    }

    /// Waits for a change, or so long; `false` if there will be no notices.
    fn wait(&self, at_most: Duration) -> bool {
        match self.notices.recv_timeout(at_most) {
            Ok(()) => {
                // Several changes at once are one.
                while self.notices.try_recv().is_ok() {}
                true
            }
            Err(mpsc::RecvTimeoutError::Timeout) => true,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                thread::sleep(at_most);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saver::Saver;
    use crate::staged::Durability;
    use crate::tensor::Tensor;
    use crate::variables::Variables;

    fn save(directory: &Path, step: i64) {
        let variables: Variables = [("v", Tensor::scalar(1f32))].into();
        let mut saver = Saver::new()
            .without_meta_graph()
            .durability(Durability::Unsynced);
        saver.save(&variables, directory.join("m"), step).unwrap();
    }

    #[test]
    fn new_checkpoints_are_given_once_each_while_another_thread_saves() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().to_path_buf();
        save(&directory, 1);
        let mut checkpoints = CheckpointsIterator::new(&directory).timeout(Duration::from_secs(60));
        assert!(
            checkpoints.next().unwrap().unwrap().ends_with("m-1"),
            "what is there comes first"
        );
        let started = Instant::now();
        let other = thread::spawn(move || save(&directory, 2));
        assert!(checkpoints.next().unwrap().unwrap().ends_with("m-2"));
        other.join().unwrap();
        assert!(
            started.elapsed() < Duration::from_secs(50),
            "a notice ends the wait"
        );
    }

    #[test]
    fn a_timeout_ends_the_iteration_unless_a_function_says_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("not yet");
        let short = Duration::from_millis(1);
        assert!(
            CheckpointsIterator::new(&directory)
                .timeout(short)
                .next()
                .is_none()
        );
        let mut asked = 0;
        let mut patient = CheckpointsIterator::new(&directory)
            .timeout(short)
            .timeout_fn(move || {
                asked += 1;
                asked == 3
            });
        assert!(patient.next().is_none(), "the third timeout ends it");
    }

    #[test]
    fn an_unusable_state_file_is_reported_and_ends_the_iteration() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("checkpoint"), "").unwrap();
        let mut checkpoints = CheckpointsIterator::new(folder.path());
        assert!(matches!(
            checkpoints.next(),
            Some(Err(ManagementError::InvalidState { .. }))
        ));
        assert!(checkpoints.next().is_none());
    }
}
