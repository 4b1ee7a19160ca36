//! `checkpoint` files: which checkpoints a directory holds, and which is the newest.
//!
//! The file is the text of a [`CheckpointState`], replaced as a whole by every save. Reading
//! accepts whatever TensorFlow accepts, printing gives TensorFlow's bytes.
//!
//! ```no_run
//! use gradlet_host::state::latest_checkpoint;
//!
//! if let Some(prefix) = latest_checkpoint("run", None)? {
//!     println!("newest checkpoint: {prefix}");
//! }
//! # Ok::<(), gradlet_host::ManagementError>(())
//! ```

mod files;
pub(crate) mod paths;
mod read;
mod update;

pub use crate::proto::checkpoint_state::CheckpointState;
pub use files::{
    FormatVersion, checkpoint_exists, get_checkpoint_mtimes, meta_graph_filename, remove_checkpoint,
};
pub(crate) use files::{modified, remove_bundle};
pub use read::{get_checkpoint_state, latest_checkpoint, read_checkpoint_state};
pub(crate) use update::replace_file;
pub use update::{PathForm, StateUpdate, generate_checkpoint_state, update_checkpoint_state};

use crate::proto::checkpoint_state::CHECKPOINT_STATE;
use crate::text_format::{self, TextError};

/// Name of the state file unless another is chosen (`latest_filename`).
pub const DEFAULT_LATEST_FILENAME: &str = "checkpoint";

impl CheckpointState {
    /// Reads the text of a state file.
    ///
    /// # Errors
    /// The first place where the text departs from the form; a field that the message does not
    /// have is an error too.
    pub fn from_text(text: &str) -> Result<CheckpointState, TextError> {
        let encoded = text_format::parse(&CHECKPOINT_STATE, text)?;
        prost::Message::decode(encoded.as_slice()).map_err(|_| TextError::BadWire {
            offset: 0,
            message: CHECKPOINT_STATE.name,
            reason: "the message cannot be decoded",
        })
    }

    /// The text of a state file, byte for byte as TensorFlow writes it.
    pub fn to_text(&self) -> String {
        let encoded = prost::Message::encode_to_vec(self);
        // The message has just been encoded from valid fields, so printing cannot fail.
        text_format::print(&CHECKPOINT_STATE, &encoded).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_byte_for_byte() {
        let text = "model_checkpoint_path: \"/a b/\\\"m\\\"-2\"\nall_model_checkpoint_paths: \
                    \"m-1\"\nall_model_checkpoint_paths: \"m-2\"\nall_model_checkpoint_timestamps: \
                    1600054312.0\nall_model_checkpoint_timestamps: 1e+16\nlast_preserved_timestamp: \
                    inf\n";
        assert_eq!(
            CheckpointState::from_text(text).map(|state| state.to_text()),
            Ok(text.into())
        );
        assert_eq!(
            CheckpointState::default().to_text(),
            "",
            "an empty state is an empty file"
        );
    }
}
