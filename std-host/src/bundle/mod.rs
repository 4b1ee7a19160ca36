//! V2 checkpoints (tensor bundles): what `SaveV2` and `RestoreV2` write and read.
//!
//! A checkpoint with prefix `P` is the sorted table `P.index`, which names each tensor with its
//! type, shape, place and checksum, and data files `P.data-00000-of-00001` … that hold the bytes.
//! [`Reader`] checks every tensor that it reads; [`Writer`] makes TensorFlow's own bytes, and its
//! files appear whole or not at all, the index last.
//!
//! ```
//! use gradlet_host::{Tensor, bundle};
//!
//! # let folder = tempfile::tempdir()?;
//! let prefix = folder.path().join("model.ckpt-7");
//! let mut writer = bundle::Writer::create(&prefix)?;
//! writer.add("head/bias", Tensor::from_values(&[2], &[0.5f32, -0.5])?.view())?;
//! writer.add("global_step", Tensor::scalar(7i64).view())?;
//! writer.finish()?;
//!
//! let reader = bundle::Reader::open(&prefix)?;
//! assert_eq!(reader.read("head/bias")?.values::<f32>(), Some(vec![0.5, -0.5]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append;
mod check;
mod entry;
mod files;
mod gather;
mod header;
mod merge;
mod missing;
mod output;
mod reader;
mod rewrite;
mod shard;
mod string_codec;
mod swap;
mod transfer;
mod verify;
mod writer;

pub use entry::{Entry, Layout, Location};
pub use files::{data_path, index_path};
pub use header::{Endianness, Header};
pub use merge::{MergeOptions, MissingParts, OldFolders, merge};
pub use reader::Reader;
pub use rewrite::rewrite;
pub use writer::{Options, Writer};
