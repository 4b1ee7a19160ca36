//! Device checkpoints (`.gck`): a head's variables as a stream of bytes.
//!
//! The encoder and the decoder are state machines without I/O: they fill and consume byte
//! slices of any size, one pass, constant memory. [`write()`] pumps the encoder into an
//! [`embedded_io::Write`]; [`Checkpoint`] reads one that lies in memory or in mapped flash.
//!
//! Each tensor's checksum covers the little-endian bytes that TensorFlow's bundle entry covers,
//! so that what TensorFlow verifies at restore is what the device computed.
//!
//! The format is described byte by byte in `FORMAT.md`. It is **version 0**: not yet frozen.

mod decoder;
mod encoder;
mod fault;
mod format;
mod in_memory;
mod restore;
mod writer;

pub use decoder::{Decoder, Event};
pub use encoder::{EncodeError, Encoder};
pub use fault::{DecodeError, Fault};
pub use format::{Encoding, Info, TensorInfo, VERSION};
pub use in_memory::{Checkpoint, Tensor};
pub use restore::{RestoreError, Restored, restore};
pub use writer::{WriteError, write};
