//! A table of rates.

use super::Schedule;
use crate::Zeroed;

/// `tf.train.piecewise_constant`: another value after each boundary, to TensorFlow's bit.
///
/// ```
/// use gradlet::schedule::{PiecewiseConstant, Schedule};
/// // 0.1 up to and with step 100, 0.05 up to and with step 200, 0.01 from then on
/// let rate = PiecewiseConstant::new(0.1, [(100, 0.05), (200, 0.01)]);
/// assert_eq!([100, 101, 1000].map(|step| rate.at(step)), [0.1, 0.05, 0.01]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PiecewiseConstant<const N: usize> {
    first: f32,
    changes: [(i64, f32); N],
}

impl<const N: usize> PiecewiseConstant<N> {
    /// `first`, then the value of each `(boundary, value)` from the step after the boundary on.
    /// Boundaries rise.
    pub const fn new(first: f32, changes: [(i64, f32); N]) -> Self {
        Self { first, changes }
    }
}

impl<const N: usize> Zeroed for PiecewiseConstant<N> {
    const ZERO: Self = Self::new(0.0, [(0, 0.0); N]);
}

impl<const N: usize> Schedule for PiecewiseConstant<N> {
    fn at(&self, global_step: i64) -> f32 {
        let passed = self
            .changes
            .iter()
            .take_while(|(boundary, _)| global_step > *boundary);
        passed.last().map_or(self.first, |(_, value)| *value)
    }
}
