//! Progress of long work: a line on standard error, on a terminal only, once it takes a while.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Work that takes no longer shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(200);

static DONE: AtomicUsize = AtomicUsize::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);

/// The line of a piece of work; it goes when this does.
pub(super) struct Progress {
    /// Tells the line that the work is done, by being dropped.
    working: Option<Sender<()>>,
    line: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts a line that says `what` is being done and for how long.
    pub(super) fn start(what: String) -> Progress {
        if !io::stderr().is_terminal() {
            return Progress {
                working: None,
                line: None,
            };
        }
        let (working, done) = mpsc::channel();
        Progress {
            working: Some(working),
            line: Some(thread::spawn(move || draw(what, &done))),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.working = None;
        if let Some(line) = self.line.take() {
            // A line that could not be drawn is no failure of the work.
            let _ = line.join();
        }
    }
}

fn draw(what: String, done: &Receiver<()>) {
    let goes_on = |wait| done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
    if !goes_on(PATIENCE) {
        return;
    }
    let line = ProgressBar::new_spinner().with_elapsed(PATIENCE);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}{msg} {elapsed}") {
        line.set_style(style);
    }
    line.set_prefix(what);
    while goes_on(TICK) {
        let (done, total) = (DONE.load(Ordering::Relaxed), TOTAL.load(Ordering::Relaxed));
        if total > 0 {
            line.set_message(format!(": {done} of {total} tensors"));
        }
        line.tick();
    }
    line.finish_and_clear();
}

/// Notes how many tensors of how many are done.
pub(super) fn tensors(done: usize, total: usize) {
    DONE.store(done, Ordering::Relaxed);
    TOTAL.store(total, Ordering::Relaxed);
}
