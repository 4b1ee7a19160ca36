//! Reading tfevents files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use prost::Message as _;

use crate::proto::event::Event;
use crate::records::{self, Inflate, RecordError, RecordReader};

/// Reads events one after another (`tf.compat.v1.train.summary_iterator`).
#[derive(Debug)]
pub struct EventReader<R> {
    records: RecordReader<R>,
}

/// Why an event could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The record is damaged.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is whole, but no event.
    #[error("the record at byte {offset} is no event: {reason}; is this a tfevents file?")]
    NotAnEvent {
        /// Where the record starts.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl EventReader<Inflate<BufReader<File>>> {
    /// Opens a tfevents file.
    ///
    /// # Errors
    /// The file cannot be opened or read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, EventError> {
        Ok(EventReader {
            records: records::open(path)?,
        })
    }
}

impl<R: Read> EventReader<R> {
    /// Reads events from `source`.
    pub fn new(source: R) -> EventReader<R> {
        EventReader {
            records: RecordReader::new(source),
        }
    }

    /// The next event, or `None` at the end.
    ///
    /// # Errors
    /// The record is damaged or no event.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventError> {
        let offset = self.records.offset();
        let Some(record) = self.records.next_record()? else {
            return Ok(None);
        };
        let event = Event::decode(record).map_err(|error| EventError::NotAnEvent {
            offset,
            reason: error.to_string(),
        })?;
        Ok(Some(event))
    }
}

impl<R: Read> Iterator for EventReader<R> {
    type Item = Result<Event, EventError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().transpose()
    }
}
