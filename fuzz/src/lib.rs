//! Fuzz targets for everything that reads bytes from outside.
//!
//! A target takes any bytes and must come back: no panic, no wrong sum, no endless loop, and no
//! more memory than [`memory`] allows. Most formats carry checksums that nearly every mutation
//! breaks, so a target looks at its bytes twice: as they are, and with the checksums set right
//! ([`seal`]), as a hostile writer would.

pub mod defmt;
pub mod memory;
mod scratch;
pub mod seal;
pub mod target;
