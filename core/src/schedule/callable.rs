//! A hyper-parameter that a function computes.

use super::Schedule;
use crate::Zeroed;

/// A function of the global step as a schedule: TensorFlow's callable hyper-parameters.
///
/// ```
/// use gradlet::{Adam, schedule::Callable};
/// let halved_once = |step| if step < 100 { 0.01 } else { 0.005 };
/// let adam = Adam::new(Callable::new(halved_once));
/// # let _ = adam;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Callable(Option<fn(i64) -> f32>);

impl Callable {
    /// `function(global_step)` is the value that a step trains with.
    pub const fn new(function: fn(i64) -> f32) -> Self {
        Self(Some(function))
    }
}

impl Zeroed for Callable {
    const ZERO: Self = Self(None);
}

impl Schedule for Callable {
    fn at(&self, global_step: i64) -> f32 {
        self.0.map_or(0.0, |function| function(global_step))
    }
}
