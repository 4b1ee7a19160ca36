//! The manager at work: all that reads and writes flash.
//!
//! This folder is compiled twice, once over flashes that answer at once and once over those that
//! have to be waited for. `either` takes the `async` and `.await` out for the first.
//!
//! What several places call, and the phases of a save, are `#[inline(never)]`: flash holds one copy of
//! each, and a phase gives its stack frame back before the next one begins.

mod claim;
mod draft;
mod manager;
pub(in crate::manager) mod media;
mod plan;
pub(in crate::manager) mod read;
pub(in crate::manager) mod recovery;
mod save;
mod small;
mod walk;

pub use manager::CheckpointManager;
pub use small::SmallManager;

use super::{NorFlash, either};
