//! TensorFlow checkpoints without TensorFlow.
#![deny(unsafe_code)]

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
mod gather;
mod management;
pub mod mapping;
pub mod meta_graph;
mod missing;
mod mmap;
mod name;
pub mod object_graph;
pub mod profile;
pub mod proto;
pub mod records;
mod region;
pub mod saver;
mod similar;
mod slice;
mod slice_key;
mod staged;
pub mod state;
mod strings;
pub mod table;
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
