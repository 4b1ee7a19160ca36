//! `cargo xtask COMMAND`: the one door to everything. `cargo xtask --help` lists what there is.
use std::{env, process::ExitCode};
use xtask::{
    args::{self, Request},
    command, say,
};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match args::parse(command::ALL, &words) {
        Ok(Request::Help(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Request::Run(command, arguments)) => match (command.run)(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say::error(&format!("{error:#}"));
                ExitCode::FAILURE
            }
        },
        Err(misuse) => {
            say::error(&misuse);
            ExitCode::from(2)
        }
    }
}
