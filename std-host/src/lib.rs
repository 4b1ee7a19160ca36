//! TensorFlow's checkpoints, their management, MetaGraphs, records and events, without TensorFlow.
//!
//! A device's checkpoint becomes TensorFlow's and comes back, with every bit on the way:
//!
//! ```
//! use gradlet_host::checkpoint::load_variable;
//! use gradlet_host::convert::{self, Options, Source};
//! use gradlet_host::saver::Saver;
//!
//! # let folder = tempfile::tempdir()?;
//! # let at = |name: &str| folder.path().join(name);
//! # let head = gradlet::Head::<4, 3, gradlet::Adam>::new(gradlet::Adam::new(0.01));
//! # let mut bytes = [0; 2048];
//! # let len = gradlet::checkpoint::write(&head, &mut bytes[..])? as usize;
//! # std::fs::write(at("device.gck"), &bytes[..len])?;
//! // As `tf.compat.v1.train.Saver` saves, from what a device sent.
//! let device = gradlet_host::open(at("device.gck"))?;
//! let mut saver = Saver::new().max_to_keep(5);
//! saver.save(&device, at("run/model.ckpt"), device.global_step())?;
//! let kernel = load_variable(at("run"), "head/kernel")?;
//! assert_eq!(kernel.shape(), [4, 3]);
//!
//! // What TensorFlow saved, as a file for the device; `gradlet convert` does this.
//! let newest = Source::open(at("run"))?;
//! convert::convert(&newest, at("back.gck"), &Options::default())?;
//! # assert_eq!(gradlet_host::open(at("back.gck"))?.tensors().count(), 9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is where
//! - [`saver`], [`checkpoint`], [`manager`], [`state`], [`iterator`]: what `tf.train` does with files;
//! - [`bundle`], [`v1`], [`table`], [`meta_graph`], [`object_graph`]: its file formats;
//! - [`profile`], [`mapping`]: which variable is which object of TensorFlow 1, Keras 3, `tf_keras`;
//! - [`records`], [`example`], [`events`], [`samples`]: training data and logs;
//! - [`convert`], [`device`], [`receive`]: between the device and the host.
//!
//! `TENSORFLOW.md` beside this crate tells which TensorFlow call each function stands for.
//!
//! # What it promises
//! - reading verifies every checksum, and damage is an error with the file, the tensor and the place;
//! - hostile files are refused: they neither panic nor make it allocate much more than they are long;
//! - a file appears whole or not at all; `.index` comes last, the state file names what is there.
#![deny(unsafe_code)]

mod buffer;
pub mod bundle;
pub mod checkpoint;
pub mod clock;
pub mod convert;
pub mod crc;
pub mod device;
mod dtype;
mod error;
pub mod events;
pub mod example;
pub mod flash_image;
mod gather;
pub mod iterator;
mod management;
pub mod manager;
pub mod mapping;
pub mod meta_graph;
mod missing;
mod mmap;
mod name;
pub mod object_graph;
pub mod profile;
pub mod proto;
pub mod receive;
pub mod records;
mod region;
pub mod samples;
pub mod saver;
mod similar;
mod slice;
mod slice_key;
pub mod slot_image;
mod staged;
pub mod state;
mod strings;
pub mod table;
pub mod telemetry;
mod tensor;
pub mod text_format;
pub mod v1;
pub mod variables;
mod varint;

pub use device::{DeviceCheckpoint, DeviceTensor, open};
pub use dtype::DType;
pub use error::{Error, Result, Status};
pub use management::{ManagementError, PythonError};
pub use name::Name;
pub use slice::{Extent, Slice};
pub use staged::Durability;
pub use strings::Strings;
pub use tensor::{Element, Elements, Tensor, TensorView, element_count};
pub use variables::{Part, Restorable, Saveable, Variable, Variables};
