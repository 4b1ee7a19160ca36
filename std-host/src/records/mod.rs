//! TFRecord files: a sequence of byte strings, each with checksums, plain or compressed as a whole
//! (`tf.io.TFRecordWriter`, `tf.data.TFRecordDataset`).
//!
//! A record is `u64 length | u32 masked crc32c(length) | bytes | u32 masked crc32c(bytes)`, all
//! little-endian.

mod compression;
mod error;
mod reader;
mod writer;

pub use compression::{Compression, Inflate};
pub use error::RecordError;
pub use reader::{RecordReader, open};
pub use writer::{Deflate, RecordWriter, create};

/// Bytes of the length and its checksum.
const HEADER: usize = 12;
