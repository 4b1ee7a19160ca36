//! Arithmetic as TensorFlow's CPU kernels do it, and loops over it for a machine of its own.
//!
//! The one room of this crate where `unsafe` and assembly are allowed. The formulas of the
//! optimizers, in plain Rust over [`Real`], are normative; what stands here for one architecture
//! agrees with them bit for bit, but for what its module's docs say. Feature `portable-kernels`
//! does without.

mod exp;
mod in_place;
mod rates;
mod real;
mod sqrt;

#[cfg(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(feature = "portable-kernels")
))]
#[path = "arm_fpu/mod.rs"]
mod machine;
#[cfg(not(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(feature = "portable-kernels")
)))]
#[path = "portable.rs"]
mod machine;

pub(crate) use exp::exp_of_non_positive;
pub(crate) use in_place::{as_bytes, as_bytes_mut, as_f32, as_text, words};
pub(crate) use machine::{adam, dense, gradient, momentum};
pub(crate) use rates::{AdamRates, MomentumRates};
pub use real::Real;

/// This machine has no kernel of its own for that.
pub(crate) struct NoKernel;
