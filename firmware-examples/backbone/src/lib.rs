//! The frozen int8 layers in front of a trainable head, with TensorFlow Lite's arithmetic.
//!
//! A model that is fine-tuned on a microcontroller is mostly frozen: an int8 backbone turns the
//! sensor's samples into features, and only the last layer learns. For the features to be the
//! ones that the head was trained on, each of them must carry the bits that TensorFlow Lite's
//! *reference kernels* give (`BuiltinRefOpResolver`), and so every layer here repeats their
//! integer arithmetic, rounding for rounding: see [`Conv2d`], [`DepthwiseConv2d`], [`Dense`],
//! [`MaxPool2d`] and [`AveragePool2d`].
//!
//! ```
//! use backbone::{Backbone, MaxPool2d, Shape, Window};
//!
//! // Tables such as this one are generated at build time by the crate `story`.
//! static BACKBONE: Backbone<(MaxPool2d, ()), 4, 1> = Backbone::new((
//!     MaxPool2d {
//!         window: Window {
//!             input: Shape { height: 2, width: 2, channels: 1 },
//!             output: Shape { height: 1, width: 1, channels: 1 },
//!             kernel: [2, 2],
//!             stride: [2, 2],
//!             pad: [0, 0],
//!         },
//!         min: -128,
//!         max: 127,
//!     },
//!     (),
//! ));
//! const ACTIVATIONS: usize = 1;
//!
//! let mut scratch = [0; ACTIVATIONS];
//! assert_eq!(BACKBONE.run(&[-3, 7, 5, 1], &mut scratch), Ok(&[7]));
//! ```
//!
//! # Promises
//! * No heap, no `unsafe`, no recursion, and no panic: lengths that do not fit give an [`Error`].
//! * Constants stay in flash. The only RAM is the caller's scratch, which holds the input and the
//!   output of one layer at a time and is free again once the features have been read.
//! * Only the kinds of layers that a table names are linked.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod activations;
mod average_pool;
mod chain;
mod conv;
mod dense;
mod depthwise_conv;
mod error;
mod lanes;
mod max_pool;
mod requantize;
mod window;

pub use activations::Activations;
pub use average_pool::AveragePool2d;
pub use bytemuck::must_cast;
pub use chain::{Backbone, Chain, Layer};
pub use conv::{Conv2d, ConvChannel};
pub use dense::{Dense, DenseChannel};
pub use depthwise_conv::DepthwiseConv2d;
pub use error::Error;
pub use lanes::LANES;
pub use max_pool::MaxPool2d;
pub use requantize::{FixedPoint, OutputRange};
pub use window::{Shape, Window};
