//! Turns the defmt log of a board into text: `gradlet-log ELF < frames > lines`.
//!
//! A program of its own, so that `cargo xtask` starts without waiting for defmt's decoder to compile.
use anyhow::{Context, Result, bail};
use defmt_decoder::{DecodeError, Frame, Table};
use std::{
    env, fs,
    io::{Read, Write, stdin, stdout},
};

fn main() -> Result<()> {
    let Some(elf) = env::args_os().nth(1) else {
        bail!("which program is it that logs? usage: gradlet-log ELF < frames > lines");
    };
    let bytes = fs::read(&elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let table = Table::parse(&bytes)
        .with_context(|| format!("cannot understand the log strings of {}", elf.display()))?
        .with_context(|| {
            format!(
                "{} does not log: build it with the feature `log`",
                elf.display()
            )
        })?;

    let mut decoder = table.new_stream_decoder();
    let mut frames = stdin().lock();
    let mut lines = stdout().lock();
    let mut chunk = [0; 4096];
    loop {
        let length = frames.read(&mut chunk).context("cannot read the log")?;
        if length == 0 {
            return Ok(());
        }
        decoder.received(&chunk[..length]);
        loop {
            match decoder.decode() {
                Ok(frame) => {
                    writeln!(lines, "{}", line(&frame)).context("cannot write the lines")?
                }
                Err(DecodeError::UnexpectedEof) => break,
                Err(DecodeError::Malformed) => writeln!(lines, "(a torn log frame)")?,
            }
        }
        lines.flush()?;
    }
}

/// `level message`, or the message alone where it has no level, as `defmt::println!` has none.
fn line(frame: &Frame<'_>) -> String {
    let message = frame.display_message();
    match frame.level() {
        Some(level) => format!("{:5} {message}", level.as_str().to_uppercase()),
        None => message.to_string(),
    }
}
