//! tfevents files: what TensorBoard shows.
//!
//! A file is a sequence of TFRecords, each an [`Event`]. TensorFlow 1 and 2 write the same things
//! in different forms; [`Dialect`] chooses.
//!
//! ```
//! use gradlet_host::clock::ManualClock;
//! use gradlet_host::events::{Dialect, EventWriter};
//!
//! # let folder = tempfile::tempdir()?;
//! # let logs = folder.path();
//! let clock = ManualClock::at(1_700_000_000.0);
//! let mut events = EventWriter::with_clock(logs, Dialect::V2, clock)?;
//! events.scalar("loss", 2.3, 0)?;
//! events.histogram("head/kernel", &[0.1, -0.2, 0.05], 0)?;
//! events.text("notes", "fine-tuned on ten samples", 0)?;
//! events.flush()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod histogram;
mod read;
mod summary;
mod writer;

pub use crate::proto::event::kind::What;
pub use crate::proto::event::summary_value::Value;
pub use crate::proto::event::{
    Event, HistogramProto, PluginData, SourceMetadata, Summary, SummaryMetadata, SummaryValue,
};
pub use histogram::{buckets, default_histogram};
pub use read::{EventError, EventReader};
pub use summary::{Dialect, histogram, scalar, text};
pub use writer::EventWriter;
