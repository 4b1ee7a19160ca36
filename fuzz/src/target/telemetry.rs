//! A device's log as text, and the curves that come of it.

use std::io::{self, Read};

use gradlet_host::clock::ManualClock;
use gradlet_host::events::{Dialect, EventReader, EventWriter, Value, What};
use gradlet_host::telemetry::{FollowError, Log, Scalar, Tally, follow};

use crate::memory::bounded;
use crate::scratch;

/// Follows the bytes as a log, whole and cut into pieces.
pub fn telemetry(bytes: &[u8]) {
    let (lines, tally) = bounded(bytes.len(), || {
        followed(&Log::Text, bytes, bytes.len().max(1))
    });
    let tally = tally.expect("text is never damaged");
    let (again, in_pieces) = followed(&Log::Text, bytes, 1);
    assert_eq!((&again, in_pieces), (&lines, Some(tally)), "pieces matter");
    assert_eq!(lines.len() as u64, tally.lines);
    let points = lines.iter().filter_map(|line| Scalar::find(line));
    let points: Vec<(String, u32, i64)> = points
        .map(|point| {
            let Scalar { tag, value, step } = point;
            (tag.to_owned(), canonical(value), step)
        })
        .collect();
    assert_eq!(points.len() as u64, tally.scalars);
    for (tag, value, step) in &points {
        let value = f32::from_bits(*value);
        let line = format!("scalar {tag} = {value} at step {step}");
        let found = Scalar::find(&line).expect("a scalar that was found is found again");
        assert_eq!(
            (canonical(found.value), found.step),
            (canonical(value), *step)
        );
    }
    assert_eq!(drawn(), points, "the curves are not those of the log");
}

/// A text has one NaN only.
fn canonical(value: f32) -> u32 {
    if value.is_nan() {
        f32::NAN.to_bits()
    } else {
        value.to_bits()
    }
}

/// Where the curves are written.
const EVENTS: &str = "log.tfevents";

/// The lines of a log that comes in pieces of `size` bytes; no tally if it is damaged.
pub(super) fn followed(log: &Log, bytes: &[u8], size: usize) -> (Vec<String>, Option<Tally>) {
    let path = scratch::fresh(EVENTS);
    let clock = ManualClock::at(1_700_000_000.0);
    let writer = EventWriter::begin(path, Dialect::V1, clock);
    let mut writer = writer.expect("a temporary file can be written");
    let mut lines = Vec::new();
    let each = |line: &str| {
        lines.push(line.to_owned());
        Ok(())
    };
    let source = Pieces { bytes, size };
    let tally = match follow(source, log, &mut writer, each) {
        Ok(tally) => Some(tally),
        Err(FollowError::Damaged { .. }) => None,
        Err(error) => panic!("a file that cannot be written: {error}"),
    };
    (lines, tally)
}

/// The points in the file of the last log.
fn drawn() -> Vec<(String, u32, i64)> {
    let bytes = std::fs::read(scratch::path(EVENTS)).expect("the curves were written");
    let mut points = Vec::new();
    for event in EventReader::new(&bytes[..]) {
        let event = event.expect("what was written is read");
        let Some(What::Summary(summary)) = event.what else {
            continue;
        };
        for value in summary.value {
            let Some(Value::SimpleValue(number)) = value.value else {
                panic!("a point without a number");
            };
            points.push((value.tag, canonical(number), event.step));
        }
    }
    points
}

/// A line that brings so many bytes at a time.
struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.size.min(buffer.len()).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(len);
        buffer[..len].copy_from_slice(piece);
        self.bytes = rest;
        Ok(len)
    }
}
