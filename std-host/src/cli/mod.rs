//! The command line: one file a subcommand.
//!
//! Exit codes: 0 done, 1 failed (one sentence on standard error says why), 2 wrong usage.
//! Results go to standard output, as text or with `--json` as one JSON document.

mod convert;
mod describe;
mod extract;
mod inspect;
mod inspect_folder;
mod inspect_meta;
mod inspect_records;
mod latest;
mod merge;
mod meta;
mod progress;
mod recv;
mod region;
mod ring;
mod samples;
mod slots;
mod telemetry;
mod verify;
mod warnings;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Training on microcontrollers: move checkpoints between the device and TensorFlow.
#[derive(Debug, Parser)]
#[command(name = "gradlet", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Convert(convert::Convert),
    Extract(extract::Extract),
    Inspect(inspect::Inspect),
    Latest(latest::Latest),
    Merge(merge::Merge),
    Meta(meta::Meta),
    Recv(recv::Recv),
    Samples(samples::Samples),
    Telemetry(telemetry::Telemetry),
    Verify(verify::Verify),
}

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    warnings::print();
    let outcome = match Arguments::parse().command {
        Command::Convert(command) => command.run(),
        Command::Extract(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Latest(command) => command.run(),
        Command::Merge(command) => command.run(),
        Command::Meta(command) => command.run(),
        Command::Recv(command) => command.run(),
        Command::Samples(command) => command.run(),
        Command::Telemetry(command) => command.run(),
        Command::Verify(command) => command.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever closed the pipe has seen enough; that is no failure of the command.
            if is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            let _ = writeln!(io::stderr(), "gradlet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints `value` as one JSON document.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
