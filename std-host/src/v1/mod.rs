//! V1 checkpoints: what `tf.compat.v1.train.Saver(write_version=V1)` writes.
//!
//! A checkpoint is one sorted table under exactly the name it was saved as, or, if it is sharded,
//! several called `P-00000-of-00003` …, which the pattern `P-?????-of-00003` stands for. The
//! elements lie in messages, so that numbers take more room and time than in a bundle; nothing but
//! the table's checksums protects them.
//!
//! ```
//! use gradlet_host::{Tensor, v1};
//!
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("model.ckpt-7");
//! let mut writer = v1::Writer::create(&path)?;
//! writer.add("global_step", Tensor::scalar(7i64).view())?;
//! writer.finish()?;
//!
//! let reader = v1::Reader::open(&path)?;
//! assert_eq!(reader.read("global_step")?.values::<i64>(), Some(vec![7]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod files;
mod reader;
mod rewrite;
mod values;
mod writer;

pub(crate) use files::is_v1;
pub use files::{find_files, shard_path, shard_pattern};
pub use reader::{Entry, Reader};
pub use rewrite::rewrite;
pub use writer::Writer;
