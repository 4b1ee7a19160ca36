//! Trajectories: what TensorFlow's optimizers did with given gradients, step by step, and the same
//! run again with Gradlet's.
//!
//! A [`Case`] holds the gradients and the states that TensorFlow reached; [`Case::replay`] trains
//! from the same start and tells how far each state is from TensorFlow's. It needs no heap, so
//! boards and host run the very same code: boards from tables that a build script writes
//! (`index::Folder::emit`, feature `index`), the host's tests from the folder itself.
#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "index"), no_std)]

mod bound;
mod case;
mod deviation;
#[cfg(feature = "index")]
pub mod index;
mod replay;
mod rule;
mod scratch;

pub use case::{Array, Case, Part, State};
pub use deviation::Deviation;
pub use replay::Fault;
pub use rule::Rule;
pub use scratch::Scratch;
