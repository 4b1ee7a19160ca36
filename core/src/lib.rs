//! Training on microcontrollers with TensorFlow's own numbers.
//!
//! A frozen model meets new data in the field: this crate trains its final layer there, in a few
//! KB of static RAM, with the arithmetic of TensorFlow's optimizers, and streams the result out
//! as a checkpoint that `gradlet convert` turns into TensorFlow's files.
//!
//! ```
//! use gradlet::{Adam, Batch, Head, Owned};
//!
//! // All-zero statics: they live in `.bss`, and nothing of their size ever crosses the stack.
//! static HEAD: Owned<Head<64, 10, Adam>> = Owned::new();
//! static BATCH: Owned<Batch<10, 64, 10>> = Owned::new();
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (kernel, bias) = ([[0.0; 10]; 64], [0.0; 10]);
//! # let source = [[([0.5; 64], 3)]];
//! let (head, batch) = (HEAD.init(Adam::new(0.01))?, BATCH.take()?); // a handle or an error
//! head.assign(&kernel, &bias);
//!
//! for samples in source {
//!     batch.fill(samples.iter().map(|(features, label)| (features, *label)))?;
//!     let loss = head.minimize_batch(batch)?; // `head.minimize(&x, label)` for one sample
//!     assert!(loss > 0.0);
//! }
//! # let mut file = [0u8; 16 * 1024];
//! let written = gradlet::checkpoint::write(head, &mut file[..])?;
//! # assert!(written > 64 * 10 * 12);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//! - no heap, no recursion, no hidden global, and no panic: every length that comes from outside
//!   is checked, and what can fail returns an error;
//! - `unsafe` only in the private `kernel` module, where each special kernel agrees bit for bit
//!   with the portable one;
//! - the numbers of TensorFlow 2.21's CPU kernels (see [`optimizer`]).
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

#[cfg(feature = "micromath")]
mod approximate;
pub mod average;
pub mod checkpoint;
mod crc32c;
mod features;
pub mod gradient;
mod head;
mod kernel;
pub mod loss;
pub mod manager;
mod math;
pub mod metrics;
#[cfg(feature = "mock-flash")]
pub mod mock_flash;
pub mod optimizer;
mod owned;
mod random;
mod replay;
pub mod samples;
pub mod schedule;
pub mod tensor;
pub mod transport;
pub mod variable;

pub use crc32c::Crc32c;
pub use features::{Element, Features, Quantization, Quantized};
pub use gradient::{IndexedSlices, L1L2};
pub use head::{
    Activation, Batch, Gradients, Head, HeadError, Hidden, Layers, Mlp, Relu, Relu6, Sigmoid, Tanh,
};
pub use kernel::Real;
pub use optimizer::{
    AdaMax, Adadelta, Adagrad, AdagradDa, Adam, AdamW, AmsGrad, CenteredRmsProp, Ftrl,
    GradientDescent, Momentum, NesterovAdam, Optimizer, ProximalAdagrad, ProximalGradientDescent,
    RmsProp,
};
pub use owned::{AlreadyTaken, Initialize, Owned, Zeroed};
pub use replay::ReplayBuffer;
pub use schedule::Schedule;
pub use variable::Variables;
