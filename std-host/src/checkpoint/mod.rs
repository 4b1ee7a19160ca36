//! `tf.train.Checkpoint`: object-based checkpoints; and looking into checkpoints of any kind.
//!
//! ```
//! use gradlet_host::checkpoint::Checkpoint;
//! use gradlet_host::mapping::Mapping;
//! use gradlet_host::profile::Profile;
//! use gradlet_host::{Tensor, Variables};
//!
//! # let folder = tempfile::tempdir()?;
//! # let prefix = folder.path().join("ckpt");
//! let head: Variables = [
//!     ("head/kernel", Tensor::from_values(&[1, 2], &[0.5f32, -0.5])?),
//!     ("head/bias", Tensor::from_values(&[2], &[0f32, 1.0])?),
//! ]
//! .into();
//! // In TensorFlow: tf.train.Checkpoint(model=model).restore(saved).assert_consumed()
//! let mut checkpoint = Checkpoint::new(Mapping::new(Profile::Keras3));
//! let saved = checkpoint.save(&head, &prefix)?;
//!
//! let mut other = head.clone();
//! checkpoint.restore(&mut other, &saved.prefix)?.assert_consumed()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod init;
mod load;
mod matching;
mod object_based;
mod reader;
mod status;

pub use init::init_from_checkpoint;
pub use object_based::{Checkpoint, Saved};
pub use reader::{CheckpointReader, list_variables, load_checkpoint, load_variable};
pub use status::LoadStatus;
