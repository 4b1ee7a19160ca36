//! Where the time comes from: the system, or a test.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of the time of day, as Python's `time.time()`.
///
/// Savers and managers stamp checkpoints with it and decide by it which to keep, so a test that
/// sets the clock sees the same decisions every time.
pub trait Clock {
    /// Seconds since 1970-01-01 UTC.
    fn now(&self) -> f64;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> f64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        }
    }
}

/// A clock that stands still until it is moved.
///
/// ```
/// use gradlet_host::clock::{Clock, ManualClock};
///
/// let clock = ManualClock::at(1_600_000_000.0);
/// clock.advance(60.0);
/// assert_eq!(clock.now(), 1_600_000_060.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Rc<Cell<f64>>);

impl ManualClock {
    /// A clock that shows `seconds` since 1970. Clones share the time.
    pub fn at(seconds: f64) -> ManualClock {
        ManualClock(Rc::new(Cell::new(seconds)))
    }

    /// Moves the clock by some seconds.
    pub fn advance(&self, seconds: f64) {
        self.0.set(self.0.get() + seconds);
    }

    /// Sets the clock.
    pub fn set(&self, seconds: f64) {
        self.0.set(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> f64 {
        self.0.get()
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> f64 {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> f64 {
        (**self).now()
    }
}
