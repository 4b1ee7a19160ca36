//! `saver.proto`.

use crate::text_format::{EnumType, Field, Kind, Message};

/// How a saver was built (`SaverDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SaverDef {
    /// Tensor that takes the prefix.
    #[prost(string, tag = "1")]
    pub filename_tensor_name: String,
    /// Tensor that saves when it is computed.
    #[prost(string, tag = "2")]
    pub save_tensor_name: String,
    /// Operation that restores.
    #[prost(string, tag = "3")]
    pub restore_op_name: String,
    /// Number of checkpoints kept; 0 keeps all.
    #[prost(int32, tag = "4")]
    pub max_to_keep: i32,
    /// Whether each device writes a file of its own.
    #[prost(bool, tag = "5")]
    pub sharded: bool,
    /// Every how many hours a checkpoint is kept for ever.
    #[prost(float, tag = "6")]
    pub keep_checkpoint_every_n_hours: f32,
    /// 0 and 1 for V1, 2 for V2.
    #[prost(int32, tag = "7")]
    pub version: i32,
}

static VERSION: EnumType = EnumType {
    name: "CheckpointFormatVersion",
    values: &[(0, "LEGACY"), (1, "V1"), (2, "V2")],
};

/// Field names of [`SaverDef`].
pub static SAVER_DEF: Message = Message {
    name: "SaverDef",
    fields: &[
        Field::single(1, "filename_tensor_name", Kind::String),
        Field::single(2, "save_tensor_name", Kind::String),
        Field::single(3, "restore_op_name", Kind::String),
        Field::single(4, "max_to_keep", Kind::Int32),
        Field::single(5, "sharded", Kind::Bool),
        Field::single(6, "keep_checkpoint_every_n_hours", Kind::Float),
        Field::single(7, "version", Kind::Enum(&VERSION)),
    ],
};
