//! Training that goes on where a reset or a loss of power has stopped it.
//!
//! What a run must remember to go on as if nothing had happened is one checkpoint: the head with
//! its slots, the replay buffer with the state of its random choices, and the sample cursor, which
//! says how far the source of samples has been read. A [`Session`] saves all three together, so
//! that they are always of one moment, and takes them up again at the next sample.
//!
//! The program `resume` runs this on boards; the tests run the very same code on the host, on a
//! flash that loses power when it is told to.
#![no_std]
#![forbid(unsafe_code)]

mod error;
mod session;

pub use error::Error;
pub use session::{Ended, Observer, Samples, Schedule, Session};
