//! The `gradlet` command: device checkpoints and TensorFlow's files, without TensorFlow.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
