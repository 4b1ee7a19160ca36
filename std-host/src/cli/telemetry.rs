//! `gradlet telemetry`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use gradlet_host::events::{Dialect, EventWriter};
use gradlet_host::receive::line::{Address, Line, Options};
use gradlet_host::telemetry::{FollowError, Log, Tally, follow};
use serde::Serialize;

use super::print_json;

/// Follow a device's log and show its numbers in TensorBoard, live.
///
/// A line of the log that says `scalar TAG = VALUE at step STEP` becomes a point of the curve TAG.
/// All lines go on to standard output.
#[derive(Debug, Args)]
pub(super) struct Telemetry {
    /// A serial port, `tcp:HOST:PORT`, `listen:HOST:PORT`, a file, or `-` for standard input
    #[arg(default_value = "-")]
    source: Address,
    /// The folder for TensorBoard; the events file is made in it
    #[arg(long, value_name = "DIR")]
    logdir: PathBuf,
    /// The program that logs with defmt; without it the log is text
    #[arg(long, value_name = "FILE")]
    elf: Option<PathBuf>,
    /// Bits a second of a serial port
    #[arg(long, default_value_t = Options::default().baud)]
    baud: u32,
    /// Print one JSON document at the end instead of the lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Followed {
    path: String,
    lines: u64,
    scalars: u64,
    torn: u64,
    refused: u64,
}

impl Telemetry {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let log = match &self.elf {
            Some(elf) => Log::of_program(elf)?,
            None => Log::Text,
        };
        let options = Options {
            baud: self.baud,
            ..Options::default()
        };
        let line = Line::open(&self.source, options)
            .map_err(|error| anyhow::anyhow!("cannot open {}: {error}", self.source))?;
        let mut events = EventWriter::create(&self.logdir, Dialect::V2)?;
        let mut out = io::stdout().lock();
        let followed = follow(line, &log, &mut events, |line| match self.json {
            true => Ok(()),
            false => writeln!(out, "{line}").and_then(|()| out.flush()),
        });
        drop(out);
        let Tally {
            lines,
            scalars,
            torn,
            refused,
        } = followed.map_err(plain)?;
        let path = events.path().display().to_string();
        if self.json {
            return print_json(&Followed {
                path,
                lines,
                scalars,
                torn,
                refused,
            });
        }
        eprintln!(
            "gradlet: {scalars} scalars of {lines} lines in {path} \
             ({torn} frames torn, {refused} left out)"
        );
        Ok(())
    }
}

/// What the command line has to see through: a closed pipe is no failure.
fn plain(error: FollowError) -> anyhow::Error {
    match error {
        FollowError::Each(error) => error.into(),
        error => error.into(),
    }
}
