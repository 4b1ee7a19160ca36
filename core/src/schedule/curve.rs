//! The functions that a rate's height is made of.
//!
//! What decides on which step something happens, or what an error would grow in, takes
//! [`crate::math`] in any build.

#[cfg(feature = "micromath")]
pub(super) use crate::approximate::{cos, pow};
#[cfg(not(feature = "micromath"))]
pub(super) use crate::math::{cos, pow};
