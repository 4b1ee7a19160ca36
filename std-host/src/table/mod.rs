//! Sorted tables: the container of V2 `.index` files and of V1 checkpoints.
//!
//! Data blocks of prefix-compressed, sorted records, an empty block, an index of the data blocks,
//! and a footer of 48 bytes; each block carries a checksum. TensorFlow's `io::Table`, a relative
//! of LevelDB's. The reader takes any block size and restart interval, plain or snappy; the writer
//! makes TensorFlow's own bytes.

mod block;
mod cursor;
mod format;
mod reader;
mod writer;

pub use cursor::Cursor;
pub use reader::Table;
pub use writer::TableWriter;
