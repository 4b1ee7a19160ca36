//! Hyper-parameters that may change from step to step.

use crate::Zeroed;

/// A hyper-parameter as a function of the global step: a constant (`f32`) or a schedule.
pub trait Schedule: Zeroed {
    /// The value that step `global_step` (counted from 0) trains with.
    fn at(&self, global_step: i64) -> f32;
}

impl Schedule for f32 {
    fn at(&self, _global_step: i64) -> f32 {
        *self
    }
}
