//! What `inspect` says of TFRecord files: logged events, examples, other records.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use gradlet_host::events::{EventReader, What};
use gradlet_host::example::{Example, Kind};
use gradlet_host::records::{self, Compression};
use serde::Serialize;

/// Bytes by which a record file can be told from others.
const START: usize = 12;

/// A file of records.
#[derive(Debug, Serialize)]
pub(super) struct RecordsDescription {
    kind: &'static str,
    path: String,
    compression: &'static str,
    records: u64,
    /// Features of all examples, or tags of all events.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    contents: BTreeMap<String, Content>,
}

/// What there is under one name.
#[derive(Debug, Default, Serialize)]
struct Content {
    /// What kind of values.
    kind: String,
    /// How many records have it.
    records: u64,
    /// Least and greatest number of values in an example, or training step of an event.
    least: i64,
    greatest: i64,
}

impl Content {
    fn take(&mut self, kind: &str, number: i64) {
        if self.records == 0 {
            (self.least, self.greatest) = (number, number);
            kind.clone_into(&mut self.kind);
        } else if self.kind != kind {
            "mixed".clone_into(&mut self.kind);
        }
        self.records += 1;
        self.least = self.least.min(number);
        self.greatest = self.greatest.max(number);
    }
}

/// Whether this is a file of records: it begins with a length and the checksum of it, or with such
/// a beginning compressed.
pub(super) fn is_records(path: &Path) -> bool {
    let mut start = [0; START];
    let whole = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    if whole.is_err() {
        return false;
    }
    let plain = Compression::of_start(&start) == Compression::None;
    match records::open(path) {
        Ok(mut reader) => reader.next_record().is_ok() && (plain || reader.offset() > 0),
        Err(_) => false,
    }
}

/// Reads the records at `path`, all of them.
pub(super) fn describe(path: &Path) -> anyhow::Result<RecordsDescription> {
    let mut start = Vec::new();
    File::open(path)?
        .take(START as u64)
        .read_to_end(&mut start)?;
    let mut description = RecordsDescription {
        kind: "events",
        path: path.display().to_string(),
        compression: Compression::of_start(&start).name(),
        records: 0,
        contents: BTreeMap::new(),
    };
    if is_events(path) {
        for event in EventReader::open(path)? {
            let event = event?;
            description.records += 1;
            if let Some(What::Summary(summary)) = event.what {
                for value in summary.value {
                    let plugin = value.metadata.and_then(|metadata| metadata.plugin_data);
                    let kind = plugin.map_or("summary".to_owned(), |plugin| plugin.plugin_name);
                    let content = description.contents.entry(value.tag).or_default();
                    content.take(&kind, event.step);
                }
            }
        }
        return Ok(description);
    }
    description.kind = "records";
    let mut reader = records::open(path)?;
    let mut examples = 0;
    while let Some(record) = reader.next_record()? {
        description.records += 1;
        let Ok(example) = Example::from_bytes(record) else {
            continue;
        };
        examples += 1;
        let entries = example
            .features
            .into_iter()
            .flat_map(|features| features.feature);
        for entry in entries {
            let (kind, count) = match entry.value.and_then(|feature| feature.kind) {
                Some(Kind::FloatList(list)) => ("float", list.value.len()),
                Some(Kind::Int64List(list)) => ("int64", list.value.len()),
                Some(Kind::BytesList(list)) => ("bytes", list.value.len()),
                None => ("nothing", 0),
            };
            let content = description.contents.entry(entry.key).or_default();
            content.take(kind, i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
    if examples == description.records && !description.contents.is_empty() {
        description.kind = "examples";
    } else {
        description.contents.clear();
    }
    Ok(description)
}

fn is_events(path: &Path) -> bool {
    let first = EventReader::open(path).and_then(|mut events| events.next_event());
    matches!(first, Ok(Some(event)) if matches!(event.what, Some(What::FileVersion(_))))
}

impl fmt::Display for RecordsDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.path, self.records, self.kind)?;
        if !self.compression.is_empty() {
            write!(f, " ({})", self.compression.to_lowercase())?;
        }
        writeln!(f)?;
        let width = self.contents.keys().map(String::len).max().unwrap_or(0);
        let what = if self.kind == "events" {
            "steps"
        } else {
            "values"
        };
        for (name, content) in &self.contents {
            write!(
                f,
                "  {name:<width$}  {:<10} in {} {}",
                content.kind, content.records, self.kind
            )?;
            match content.least == content.greatest {
                true => writeln!(f, ", {what} {}", content.least)?,
                false => writeln!(f, ", {what} {} to {}", content.least, content.greatest)?,
            }
        }
        Ok(())
    }
}
