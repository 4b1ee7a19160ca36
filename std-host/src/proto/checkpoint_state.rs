//! `checkpoint_state.proto`: what a `checkpoint` file holds, as text.

use crate::text_format::{Field, Kind, Message};

/// Which checkpoints a directory holds (`CheckpointState`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct CheckpointState {
    /// Prefix of the newest checkpoint.
    #[prost(string, tag = "1")]
    pub model_checkpoint_path: String,
    /// Prefixes of the checkpoints that are not yet deleted, oldest first.
    #[prost(string, repeated, tag = "2")]
    pub all_model_checkpoint_paths: Vec<String>,
    /// When each of them was written, in seconds since 1970; empty if it was not recorded.
    #[prost(double, repeated, tag = "3")]
    pub all_model_checkpoint_timestamps: Vec<f64>,
    /// When the newest checkpoint that is kept for ever was written, in seconds since 1970.
    #[prost(double, tag = "4")]
    pub last_preserved_timestamp: f64,
}

/// Field names of [`CheckpointState`].
pub static CHECKPOINT_STATE: Message = Message {
    name: "CheckpointState",
    fields: &[
        Field::single(1, "model_checkpoint_path", Kind::String),
        Field::repeated(2, "all_model_checkpoint_paths", Kind::String),
        Field::repeated(3, "all_model_checkpoint_timestamps", Kind::Double),
        Field::single(4, "last_preserved_timestamp", Kind::Double),
    ],
};
