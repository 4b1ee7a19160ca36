//! Device checkpoints (`.gck`): a head's variables as a stream of bytes.
//!
//! The encoder and the decoder are state machines without I/O: they fill and consume byte
//! slices of any size, one pass, constant memory. [`write()`] pumps the encoder into an
//! [`embedded_io::Write`]; [`Checkpoint`] reads one that lies in memory or in mapped flash.
//!
//! Each tensor's checksum covers the little-endian bytes that TensorFlow's bundle entry covers,
//! so that what TensorFlow verifies at restore is what the device computed.
//!
//! The format is described byte by byte in `FORMAT.md`. It is version 1, which is frozen: every
//! later release reads what this one writes.

mod annotated;
#[cfg(feature = "async")]
mod asynchronous;
mod bf16;
#[cfg(feature = "encodings")]
mod codec;
#[cfg(not(feature = "encodings"))]
#[path = "raw.rs"]
mod codec;
mod decoder;
mod elements;
mod embed;
mod encoder;
mod encoding;
mod fault;
mod format;
mod frame;
mod in_memory;
mod info;
mod part;
mod piece;
mod reader;
mod restore;
mod writer;

pub use annotated::Annotated;
#[cfg(feature = "async")]
pub use asynchronous::write as write_async;
pub use decoder::{Decoder, Event};
pub use encoder::{EncodeError, Encoder};
pub use encoding::{Choice, Encoding};
pub use fault::{DecodeError, Fault};
pub use format::VERSION;
pub use frame::TensorInfo;
pub use in_memory::{Checkpoint, Tensor};
pub use info::Info;
pub use piece::Piece;
pub use reader::{ReadError, SinglePass};
pub use restore::{
    Assignment, Exactly, Match, Restore, RestoreError, Rules, Status, Unmatched, Verification,
    restore,
};
pub use writer::{WriteError, write};

pub(crate) use encoder::is_saved;
pub(crate) use format::{END, MAGIC, PREAMBLE, fields_len, trailer_len};
pub(crate) use frame::{LONGEST_HEAD, RawHead};
pub(crate) use part::copy;
