//! Writing tfevents files.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use prost::Message as _;

use super::summary::{self, Dialect};
use crate::clock::{Clock, SystemClock};
use crate::proto::event::kind::What;
use crate::proto::event::{Event, SourceMetadata, Summary, SummaryValue};
use crate::records::{RecordError, RecordWriter};

/// What the first record of every file says.
const FILE_VERSION: &str = "brain.Event:2";
const SOURCE: &str = "tensorflow.core.util.events_writer";

/// How many files this process has begun, which keeps their names apart.
static FILES: AtomicU64 = AtomicU64::new(0);

/// Logs scalars, histograms and texts to a file that TensorBoard shows
/// (`tf.summary.create_file_writer`, `tf.compat.v1.summary.FileWriter`).
///
/// What is logged reaches the file with [`EventWriter::flush`] and when the writer is dropped.
#[derive(Debug)]
pub struct EventWriter<C = SystemClock> {
    records: RecordWriter<BufWriter<File>>,
    path: PathBuf,
    dialect: Dialect,
    clock: C,
}

impl EventWriter {
    /// Begins a file in the folder `logs`, which is made if it is missing. Its name is
    /// TensorFlow's: `events.out.tfevents.SECONDS.HOST`, in version 2 with the process and a number.
    ///
    /// # Errors
    /// The folder or the file cannot be made.
    pub fn create(logs: impl AsRef<Path>, dialect: Dialect) -> Result<EventWriter, RecordError> {
        EventWriter::with_clock(logs, dialect, SystemClock)
    }
}

impl<C: Clock> EventWriter<C> {
    /// As [`EventWriter::create`], with the time from `clock`.
    ///
    /// # Errors
    /// The folder or the file cannot be made.
    pub fn with_clock(
        logs: impl AsRef<Path>,
        dialect: Dialect,
        clock: C,
    ) -> Result<EventWriter<C>, RecordError> {
        let path = logs.as_ref().join(file_name(dialect, clock.now()));
        EventWriter::begin(path, dialect, clock)
    }

    /// Begins the file `path` itself; its name should contain `tfevents`.
    ///
    /// # Errors
    /// The folder or the file cannot be made.
    pub fn begin(
        path: impl Into<PathBuf>,
        dialect: Dialect,
        clock: C,
    ) -> Result<EventWriter<C>, RecordError> {
        let path = path.into();
        let fault = |source| RecordError::Io {
            path: Some(path.clone()),
            offset: 0,
            source,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fault)?;
        }
        let file = File::create(&path).map_err(fault)?;
        let records = RecordWriter::new(BufWriter::new(file));
        let first = Event {
            wall_time: clock.now().floor(),
            what: Some(What::FileVersion(FILE_VERSION.to_owned())),
            source_metadata: Some(SourceMetadata {
                writer: SOURCE.to_owned(),
            }),
            step: 0,
        };
        let mut writer = EventWriter {
            records,
            path,
            dialect,
            clock,
        };
        writer.write(&first)?;
        writer.flush()?;
        Ok(writer)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Logs a number at a training step (`tf.summary.scalar`).
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn scalar(&mut self, tag: &str, value: f32, step: i64) -> Result<(), RecordError> {
        self.log(summary::scalar(self.dialect, tag, value), step)
    }

    /// Logs the distribution of some values at a training step (`tf.summary.histogram`).
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn histogram(&mut self, tag: &str, values: &[f64], step: i64) -> Result<(), RecordError> {
        self.log(summary::histogram(self.dialect, tag, values), step)
    }

    /// Logs a text in Markdown at a training step (`tf.summary.text`).
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn text(&mut self, tag: &str, text: &str, step: i64) -> Result<(), RecordError> {
        self.log(summary::text(tag, text), step)
    }

    /// Logs one value, stamped with the time.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn log(&mut self, value: SummaryValue, step: i64) -> Result<(), RecordError> {
        let what = Some(What::Summary(Summary { value: vec![value] }));
        let wall_time = self.clock.now();
        self.write(&Event {
            wall_time,
            step,
            what,
            source_metadata: None,
        })
    }

    /// Writes an event as it is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, event: &Event) -> Result<(), RecordError> {
        self.records.write(&event.encode_to_vec())
    }

    /// Hands everything logged so far to the operating system.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        self.records.flush()
    }
}

fn file_name(dialect: Dialect, now: f64) -> String {
    let seconds = now.max(0.0) as u64;
    let host = gethostname::gethostname();
    let host = host.to_string_lossy().replace(['/', '\\', '\0'], "_");
    let name = format!("events.out.tfevents.{seconds:010}.{host}");
    match dialect {
        Dialect::V1 => name,
        Dialect::V2 => {
            let number = FILES.fetch_add(1, Ordering::Relaxed);
            format!("{name}.{}.{number}.v2", process::id())
        }
    }
}
