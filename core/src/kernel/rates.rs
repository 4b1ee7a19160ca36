//! What all elements of a step share.

use super::Real;

/// Rates of [`Adam`](crate::Adam).
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct AdamRates {
    /// α, the learning rate with the bias correction of both moments.
    pub(crate) alpha: Real,
    /// 1 − β₁
    pub(crate) share1: Real,
    /// 1 − β₂
    pub(crate) share2: Real,
    /// ε
    pub(crate) epsilon: Real,
}

/// Rates of [`Momentum`](crate::Momentum).
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct MomentumRates {
    /// The learning rate.
    pub(crate) learning_rate: Real,
    /// µ
    pub(crate) momentum: Real,
}
