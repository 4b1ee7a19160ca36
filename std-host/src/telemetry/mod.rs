//! Numbers in a device's log, as points of TensorBoard's curves, while the device runs.
//!
//! A line of the log such as `scalar train/loss = 0.25 at step 20` is a point of a curve
//! ([`Scalar`]); lines come as text or as defmt's frames ([`Log`]). [`follow`] reads a log and writes
//! the points to a tfevents file, each before the next line is read.
//!
//! ```
//! use gradlet_host::clock::ManualClock;
//! use gradlet_host::events::{Dialect, EventWriter};
//! use gradlet_host::telemetry::{Log, follow};
//!
//! # let folder = tempfile::tempdir()?;
//! # let logs = folder.path();
//! let device = &b"booting\nINFO  scalar train/loss = 0.25 at step 20\n"[..];
//! let mut events = EventWriter::with_clock(logs, Dialect::V2, ManualClock::at(1_700_000_000.0))?;
//! let tally = follow(device, &Log::Text, &mut events, |line| Ok(println!("{line}")))?;
//! assert_eq!((tally.lines, tally.scalars), (2, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "defmt")]
mod defmt;
mod log;
mod scalar;

#[cfg(feature = "defmt")]
pub use defmt::Program;
pub use log::{Log, LogError};
pub use scalar::Scalar;

use std::io::{self, ErrorKind, Read};

use crate::clock::Clock;
use crate::events::EventWriter;
use crate::records::RecordError;
use log::Message;

/// What a log held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines, those with scalars among them.
    pub lines: u64,
    /// Points of curves.
    pub scalars: u64,
    /// Frames that were torn.
    pub torn: u64,
    /// Frames that were left out, with a warning: longer or nested deeper than is read, or with
    /// what cannot be shown.
    pub refused: u64,
}

/// Why a log could not be followed to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The device's line failed.
    #[error("the device's line failed: {0}")]
    Source(#[source] io::Error),
    /// The tfevents file cannot be written.
    #[error(transparent)]
    Events(#[from] RecordError),
    /// Whoever is told of the lines failed.
    #[error(transparent)]
    Each(io::Error),
    /// The log is damaged, and its encoding has no way to find the next frame.
    #[error(
        "the log is damaged after {lines} lines, and its encoding has no frames to go on with; \
         is it the log of this program? defmt's encoding `rzcobs` survives damage"
    )]
    Damaged {
        /// Lines before that.
        lines: u64,
    },
}

/// Reads a device's log to its end. Scalars reach the file of `events` before `each` is told of
/// their line, so that whoever watches the lines finds the points.
///
/// A `source` that has nothing to say for a while ([`ErrorKind::WouldBlock`],
/// [`ErrorKind::TimedOut`]) is asked again.
///
/// # Errors
/// [`FollowError`]; what was read before it is in the file.
pub fn follow<C: Clock>(
    mut source: impl Read,
    log: &Log,
    events: &mut EventWriter<C>,
    mut each: impl FnMut(&str) -> io::Result<()>,
) -> Result<Tally, FollowError> {
    let mut messages = log.messages();
    let mut tally = Tally::default();
    let mut chunk = [0; 1 << 12];
    loop {
        let len = match source.read(&mut chunk) {
            Ok(len) => len,
            Err(error) if is_pause(error.kind()) => continue,
            Err(error) => return Err(FollowError::Source(error)),
        };
        match len {
            0 => messages.end(),
            len => messages.received(&chunk[..len]),
        }
        while let Some(message) = messages.next() {
            let line = match message {
                Message::Line(line) => line,
                Message::Torn => {
                    tally.torn += 1;
                    continue;
                }
                Message::Refused(reason) => {
                    tally.refused += 1;
                    ::log::warn!("a frame of the log is left out: {reason}");
                    continue;
                }
                Message::Lost => return Err(FollowError::Damaged { lines: tally.lines }),
            };
            tally.lines += 1;
            if let Some(Scalar { tag, value, step }) = Scalar::find(&line) {
                tally.scalars += 1;
                events.scalar(tag, value, step)?;
                events.flush()?;
            }
            each(&line).map_err(FollowError::Each)?;
        }
        if len == 0 {
            return Ok(tally);
        }
    }
}

fn is_pause(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
