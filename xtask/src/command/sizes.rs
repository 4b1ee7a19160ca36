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
    help: "print a table of flash · static RAM · peak stack and of checkpoints, without benches",
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
        let is_wanted = |example: &&Example| !(arguments.has(MARKDOWN.name) && example.is_bench);
        for example in examples.iter().filter(runs_here).filter(is_wanted) {
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

/// The rows as Markdown: a line an example, a column a board.
fn table(rows: &[Row]) -> String {
    let distinct = |name: fn(&Row) -> &str| {
        let mut names: Vec<&str> = Vec::new();
        for name in rows.iter().map(name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let boards = distinct(|row| &row.board);
    let mut text = format!("| kB | {} | checkpoint |\n", boards.join(" | "));
    text += &format!("|---|{}--:|\n", "--:|".repeat(boards.len()));
    for example in distinct(|row| &row.example) {
        let of = |board: &str| {
            let mut here = rows.iter().filter(|row| row.example == example);
            here.find(|row| row.board == board)
        };
        text += &format!("| `{example}` |");
        for board in &boards {
            let cell = of(board).map_or_else(String::new, |row| {
                let stack = row.stack.map_or_else(|| "–".into(), kilobytes);
                let (flash, ram) = (row.sizes.flash(), row.sizes.static_ram());
                format!("{} · {} · {stack}", kilobytes(flash), kilobytes(ram))
            });
            text += &format!(" {cell} |");
        }
        let checkpoint = boards.iter().find_map(|board| of(board)?.checkpoint);
        text += &format!(" {} |\n", checkpoint.map_or_else(String::new, kilobytes));
    }
    text
}

/// Thousands of bytes, to a tenth.
fn kilobytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1000.0)
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
    fn the_table_has_a_line_an_example_and_a_column_a_board() {
        let row = |board: &str, example: &str, stack, checkpoint| Row {
            board: board.into(),
            example: example.into(),
            sizes: Sizes {
                text: 21_049,
                bss: 1_234_567,
                ..Sizes::default()
            },
            stack,
            checkpoint,
        };
        let rows = [
            row("mps2-an386", "finetune", Some(988), Some(6180)),
            row("mps2-an386", "faults", None, None),
            row("microbit", "finetune", Some(1000), Some(6180)),
        ];
        assert_eq!(
            table(&rows),
            "| kB | mps2-an386 | microbit | checkpoint |\n\
             |---|--:|--:|--:|\n\
             | `finetune` | 21.0 · 1234.6 · 1.0 | 21.0 · 1234.6 · 1.0 | 6.2 |\n\
             | `faults` | 21.0 · 1234.6 · – |  |  |\n"
        );
    }
}
