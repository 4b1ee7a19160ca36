//! Hyper-parameters that may change from step to step: TensorFlow's learning-rate schedules.
//!
//! A schedule is a function of the global step alone. It has no state, so a training run that is
//! restored goes on with the rate it would have had. Everything is computed in `f32`, in
//! TensorFlow's order of operations; the docs of each schedule say how near it comes to
//! TensorFlow's numbers.
//!
//! Feature `micromath` makes powers and cosines approximate: rates are then within 0.3 % of
//! TensorFlow's for powers whose logarithm is below 2000, and a cosine's within 0.0012 of the
//! wave's height. When a restart comes, and how long a period is, stays as it is without the
//! feature.

mod callable;
mod cosine_decay;
mod cosine_decay_restarts;
mod curve;
mod exponential_decay;
mod inverse_time_decay;
mod linear_cosine_decay;
mod natural_exp_decay;
mod noisy_linear_cosine_decay;
mod piecewise_constant;
mod polynomial_decay;
mod progress;

pub use callable::Callable;
pub use cosine_decay::CosineDecay;
pub use cosine_decay_restarts::CosineDecayRestarts;
pub use exponential_decay::ExponentialDecay;
pub use inverse_time_decay::InverseTimeDecay;
pub use linear_cosine_decay::LinearCosineDecay;
pub use natural_exp_decay::NaturalExpDecay;
pub use noisy_linear_cosine_decay::NoisyLinearCosineDecay;
pub use piecewise_constant::PiecewiseConstant;
pub use polynomial_decay::PolynomialDecay;

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
