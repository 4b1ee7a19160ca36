//! What the library warns of, on standard error.

use std::io::{self, Write};

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Warnings;

static WARNINGS: Warnings = Warnings;

/// Prints warnings and errors of the library from now on.
pub(super) fn print() {
    // Fails if a logger is set already, which then serves.
    if log::set_logger(&WARNINGS).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

impl Log for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn && metadata.target().starts_with("gradlet")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // There is nobody left to tell where standard error is closed.
            let _ = writeln!(io::stderr(), "gradlet: warning: {}", record.args());
        }
    }

    fn flush(&self) {}
}
