//! `gradlet recv`

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use gradlet::checkpoint::Checkpoint;
use gradlet_host::device;
use gradlet_host::receive::line::{Address, Options, receive};
use serde::Serialize;

use super::print_json;

/// Receive a checkpoint from a device, intact, or say what is missing.
///
/// The device sends frames (`gradlet::transport`) or the plain checkpoint. Frames may be lost,
/// doubled or damaged, and log lines may run between them; on a line that goes both ways the
/// device is asked for what is missing.
#[derive(Debug, Args)]
pub(super) struct Recv {
    /// A serial port, `tcp:HOST:PORT`, `listen:HOST:PORT`, a file, or `-` for standard input
    source: Address,
    /// The device checkpoint (.gck) to write; it appears whole or not at all
    output: PathBuf,
    /// Bits a second of a serial port
    #[arg(long, default_value_t = Options::default().baud)]
    baud: u32,
    /// Seconds that the device may say nothing
    #[arg(long, default_value_t = Options::default().patience.as_secs())]
    timeout: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Received {
    path: String,
    bytes: usize,
    global_step: Option<i64>,
    frames: u64,
    repeated: u64,
    damaged: u64,
    noise: u64,
}

impl Recv {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let options = Options {
            baud: self.baud,
            patience: Duration::from_secs(self.timeout),
        };
        let (bytes, tally) = receive(&self.source, options)?;
        device::write(&self.output, &bytes)?;
        let checkpoint = Checkpoint::parse(&bytes).context("a received checkpoint")?;
        let received = Received {
            path: self.output.display().to_string(),
            bytes: bytes.len(),
            global_step: checkpoint.info().global_step,
            frames: tally.frames,
            repeated: tally.repeated,
            damaged: tally.damaged,
            noise: tally.noise,
        };
        if self.json {
            return print_json(&received);
        }
        let mut out = io::stdout().lock();
        write!(out, "{}: {} bytes", received.path, received.bytes)?;
        if let Some(step) = received.global_step {
            write!(out, ", global step {step}")?;
        }
        writeln!(
            out,
            " ({} frames, {} repeated, {} damaged)",
            received.frames, received.repeated, received.damaged
        )?;
        Ok(())
    }
}
