//! How far training has come.

use crate::Zeroed;
use crate::math;

/// Steps in relation to a number of them, `decay_steps`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Progress {
    decay_steps: f32,
    /// Whether it counts whole periods only.
    staircase: bool,
}

impl Progress {
    pub(super) const fn new(decay_steps: u32) -> Self {
        Self {
            decay_steps: decay_steps as f32,
            staircase: false,
        }
    }

    pub(super) const fn staircase(self) -> Self {
        Self {
            staircase: true,
            ..self
        }
    }

    /// step/decay_steps, rounded down on a staircase.
    pub(super) fn at(self, global_step: i64) -> f32 {
        let progress = global_step as f32 / self.decay_steps;
        match self.staircase {
            true => math::floor(progress),
            false => progress,
        }
    }

    /// min(step, decay_steps) and decay_steps.
    pub(super) fn held(self, global_step: i64) -> (f32, f32) {
        ((global_step as f32).min(self.decay_steps), self.decay_steps)
    }
}

impl Zeroed for Progress {
    const ZERO: Self = Self::new(0);
}
