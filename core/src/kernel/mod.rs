//! Arithmetic as TensorFlow's CPU kernels do it, and slice loops over it.
//!
//! The one room of this crate where `unsafe` and assembly are allowed; whatever stands here in a
//! special form agrees bit for bit with the portable form beside it.

mod exp;
mod in_place;
mod real;
mod sqrt;

pub(crate) use exp::exp_of_non_positive;
pub(crate) use in_place::as_f32;
pub use real::Real;
