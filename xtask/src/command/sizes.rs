//! `cargo xtask sizes`
use super::{BOARD, Bench, JSON, MODE, STORY, boards, format};
use crate::{
    args::{Arguments, Command, Flag, Word},
    elf::{self, Sizes},
    emulator::{Echo, Exit, Outcome, Time},
    example::{self, Example},
    figures::{self, Figure},
    firmware::Log,
    say,
};
use anyhow::{Context, Result};

pub(super) const COMMAND: Command = Command {
    name: "sizes",
    summary: "Measure flash, static RAM and peak stack of the examples",
    words: &[Word {
        name: "EXAMPLE",
        help: "only this one",
        needed: false,
    }],
    flags: &[BOARD, STORY, MODE, JSON, MARKDOWN],
    details: "Without --board, on every board. Built in release without logging; the peak of the\n\
        stack is measured by painting it and running the program in QEMU.",
    run,
};

const MARKDOWN: Flag = Flag {
    name: "--markdown",
    value: None,
    help: "print a table, as documents have it",
};

fn run(arguments: &Arguments) -> Result<()> {
    let examples = match arguments.word(0) {
        Some(name) => vec![example::find(name)?],
        None => example::all()?,
    };
    let mut rows = Vec::new();
    for board in boards(arguments)? {
        let bench = Bench::new(board)?;
        let runs_here = |example: &&Example| example.boards().contains(bench.board.name.as_str());
        for example in examples.iter().filter(runs_here) {
            rows.push(Row::measured(&bench, example, arguments)?);
        }
    }
    if arguments.has(MARKDOWN.name) {
        print!("{}", table(&rows));
    } else {
        let all: Vec<Figure> = rows.iter().flat_map(Row::figures).collect();
        print!("{}", figures::text(&all, format(arguments)));
    }
    Ok(())
}

/// What an example takes on a board, in bytes.
struct Row {
    board: String,
    example: String,
    sizes: Sizes,
    stack: Option<u64>,
    checkpoint: Option<u64>,
}

impl Row {
    fn measured(bench: &Bench, example: &Example, arguments: &Arguments) -> Result<Self> {
        let program = bench.build(example, bench.source(example, arguments)?, Log::Off)?;
        let outcome = bench.run(&program, Time::Free, Echo::Quiet)?;
        Ok(Self {
            board: bench.board.name.clone(),
            example: example.name.clone(),
            sizes: elf::sizes(&program.elf)?,
            stack: peak_of_stack(bench, example, &outcome)?,
            checkpoint: figures::number(&outcome.text, "checkpoint").map(|bytes| bytes as u64),
        })
    }

    fn figures(&self) -> Vec<Figure> {
        let sizes = &self.sizes;
        let all = [
            ("vectors", Some(sizes.vectors)),
            ("text", Some(sizes.text)),
            ("rodata", Some(sizes.rodata)),
            ("data", Some(sizes.data)),
            ("bss", Some(sizes.bss)),
            ("flash", Some(sizes.flash())),
            ("static_ram", Some(sizes.static_ram())),
            ("stack", self.stack),
            ("checkpoint", self.checkpoint),
        ];
        let figure = |(name, value): &(&str, Option<u64>)| {
            let name = format!("size.{}.{}.{name}", self.board, self.example);
            value.map(|value| Figure::new(name, value, "byte"))
        };
        all.iter().filter_map(figure).collect()
    }
}

/// The rows as Markdown.
fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| example | board | flash | static RAM | peak stack | checkpoint |\n\
         |---|---|--:|--:|--:|--:|\n",
    );
    let bytes = |number: Option<u64>| number.map_or("–".into(), thousands);
    for row in rows {
        text += &format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            row.example,
            row.board,
            thousands(row.sizes.flash()),
            thousands(row.sizes.static_ram()),
            bytes(row.stack),
            bytes(row.checkpoint),
        );
    }
    text
}

/// A number with a comma between each three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Only a program that ended well has measured its stack.
fn peak_of_stack(bench: &Bench, example: &Example, outcome: &Outcome) -> Result<Option<u64>> {
    let (name, board) = (&example.name, &bench.board.name);
    if outcome.exit != Exit::Success {
        say::step(&format!(
            "{name} on {board} ended with {}: no peak of the stack",
            outcome.exit
        ));
        return Ok(None);
    }
    let peak = figures::number(&outcome.text, "stack_peak");
    let peak = peak.with_context(|| format!("{name} on {board} printed no stack_peak"))?;
    Ok(Some(peak as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_a_reader_compares() {
        let row = Row {
            board: "mps2-an386".into(),
            example: "finetune".into(),
            sizes: Sizes {
                text: 21_000,
                bss: 1_234_567,
                ..Sizes::default()
            },
            stack: Some(988),
            checkpoint: None,
        };
        let table = table(&[row]);
        let last = table.lines().last().unwrap();
        assert_eq!(
            last,
            "| `finetune` | mps2-an386 | 21,000 | 1,234,567 | 988 | – |"
        );
    }
}
