//! Gradlet for firmware in C: what `include/gradlet.h` declares.
//!
//! The header is made from these sources by cbindgen; a test keeps it current. A firmware links a
//! static library that contains this crate and a panic handler (`from_c` is one), compiled for
//! the shape of its head: the constants of [`shape`].
//!
//! C's pointers arrive as `Option<&T>` and `Option<&mut T>`, where `NULL` is `None`; arrays arrive
//! with their lengths in the type. What C has to promise for that (a pointer that is not `NULL` is
//! valid, and an object is used by one thread at a time) the header says at its top. Functions of
//! C are called with raw pointers, never with references. So there is little `unsafe` here: the names
//! under which functions are exported, and the one object that zeros are no value of.
#![no_std]
#![allow(non_camel_case_types, reason = "these are C's names")]

mod batch;
mod checkpoint;
mod head;
mod manager;
mod object;
pub mod shape;
mod status;

pub use batch::{
    gradlet_batch, gradlet_batch_clear, gradlet_batch_init, gradlet_batch_push, gradlet_features,
    gradlet_quantization,
};
pub use checkpoint::{
    gradlet_checkpoint_length, gradlet_checkpoint_read, gradlet_checkpoint_write, gradlet_read,
    gradlet_write,
};
pub use head::{
    gradlet_adam, gradlet_head, gradlet_head_assign, gradlet_head_crc32c, gradlet_head_global_step,
    gradlet_head_init, gradlet_head_minimize, gradlet_head_minimize_batch, gradlet_head_predict,
    gradlet_weights,
};
pub use manager::{
    gradlet_flash, gradlet_manager, gradlet_manager_format, gradlet_manager_open,
    gradlet_manager_options, gradlet_manager_restore, gradlet_manager_save,
};
pub use status::{gradlet_status, gradlet_status_text};
