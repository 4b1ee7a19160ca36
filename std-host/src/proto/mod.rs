//! TensorFlow's messages, written by hand for `prost`: the fields that its files hold.
//!
//! Field numbers and types follow the `.proto` files of TensorFlow 2.21; encoding omits zero values
//! and keeps field order, which makes the bytes TensorFlow's own.

pub mod bundle;
pub mod checkpoint_state;
pub mod event;
pub mod example;
pub mod meta_graph;
pub mod object_graph;
pub mod saved_slices;
pub mod saver;
pub mod shape;
pub mod slice;
pub mod tensor;
