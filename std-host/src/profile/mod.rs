//! What variables are to a program, and how each TensorFlow arranges them.

mod family;
mod roles;

pub use family::{Family, Keras, Scale, Slot};
pub use roles::Roles;
