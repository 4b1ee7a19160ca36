//! Logs in defmt's frames.

use std::sync::LazyLock;

use gradlet_host::telemetry::Log;

use super::telemetry::followed;
use crate::memory::bounded;
use crate::{defmt, scratch};

/// Bytes that a byte of a line may stand for, each an element of a slice, of which defmt's decoder
/// keeps a few times as much as other readers do of a byte.
const EXPANSION: usize = 7 * 4;

static RZCOBS: LazyLock<Log> = LazyLock::new(|| log("rzcobs"));
static RAW: LazyLock<Log> = LazyLock::new(|| log("raw"));

fn log(encoding: &str) -> Log {
    let path = scratch::path(encoding);
    scratch::write(&path, &defmt::program(encoding));
    Log::of_program(&path).expect("the program logs with defmt")
}

/// Follows the bytes as lines of both encodings, and as what a frame holds.
pub fn defmt_frames(bytes: &[u8]) {
    follow(&RZCOBS, bytes);
    follow(&RZCOBS, &defmt::rzcobs(bytes));
    follow(&RAW, bytes);
}

fn follow(log: &Log, line: &[u8]) {
    let whole = bounded(EXPANSION * line.len(), || {
        followed(log, line, line.len().max(1))
    });
    assert_eq!(followed(log, line, 1), whole, "pieces matter");
}
