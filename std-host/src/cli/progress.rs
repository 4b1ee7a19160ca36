//! Progress of long work: a line on standard error, on a terminal only, once it takes a while.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(200);

static LINE: OnceLock<ProgressBar> = OnceLock::new();

/// The line of a piece of work; it goes when this does.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Starts a line that says `what` is being done and for how long.
    pub(super) fn start(what: String) -> Progress {
        // Draws nothing where standard error is no terminal.
        let line = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg} {elapsed}") {
            line.set_style(style);
        }
        line.set_prefix(what);
        line.enable_steady_tick(TICK);
        let line = LINE.get_or_init(|| line);
        Progress(line.clone())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Notes on the line how many tensors of how many are done.
pub(super) fn tensors(done: usize, total: usize) {
    if let Some(line) = LINE.get() {
        line.set_message(format!("{done} of {total} tensors"));
    }
}
