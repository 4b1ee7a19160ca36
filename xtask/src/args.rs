//! The command line as a table: commands, their flags, their help. An unknown word is an error.
use anyhow::Result;
use std::{collections::BTreeMap, fmt::Write, path::PathBuf};

/// One command of `cargo xtask`.
pub struct Command {
    /// The word that calls it.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The words that stand without a flag, in their order.
    pub words: &'static [Word],
    /// Its flags.
    pub flags: &'static [Flag],
    /// More text for `--help`.
    pub details: &'static str,
    /// Does it.
    pub run: fn(&Arguments) -> Result<()>,
}

/// A word that stands without a flag.
pub struct Word {
    /// Its name in the help.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Whether the command needs it.
    pub needed: bool,
}

/// A flag.
pub struct Flag {
    /// With its two dashes.
    pub name: &'static str,
    /// The name of its value in the help, if it takes one.
    pub value: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
}

/// What a command was called with.
#[derive(Debug, Default)]
pub struct Arguments {
    words: Vec<String>,
    flags: BTreeMap<&'static str, String>,
}

impl Arguments {
    /// The word at `index`.
    pub fn word(&self, index: usize) -> Option<&str> {
        self.words.get(index).map(String::as_str)
    }

    /// The value of a flag, if the flag was given.
    pub fn value(&self, flag: &str) -> Option<&str> {
        self.flags.get(flag).map(String::as_str)
    }

    /// The value of a flag as a path.
    pub fn path(&self, flag: &str) -> Option<PathBuf> {
        self.value(flag).map(PathBuf::from)
    }

    /// Whether the flag was given.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.contains_key(flag)
    }
}

/// What the person asked for.
pub enum Request {
    /// The help text to print.
    Help(String),
    /// A command to run.
    Run(&'static Command, Arguments),
}

/// Understands the command line.
///
/// # Errors
/// A sentence that names the word that is not understood and the help to ask for.
pub fn parse(commands: &'static [Command], words: &[String]) -> Result<Request, String> {
    let mut words = words.iter();
    let Some(first) = words.next() else {
        return Ok(Request::Help(overview(commands)));
    };
    if is_help(first) {
        return Ok(Request::Help(overview(commands)));
    }
    let command = commands
        .iter()
        .find(|command| command.name == first)
        .ok_or_else(|| format!("there is no command `{first}`; `cargo xtask --help` lists them"))?;

    let see = format!("see `cargo xtask {} --help`", command.name);
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        if is_help(word) {
            return Ok(Request::Help(help(command)));
        }
        if !word.starts_with('-') {
            if arguments.words.len() == command.words.len() {
                return Err(format!("`{word}` is one word too many; {see}"));
            }
            arguments.words.push(word.clone());
            continue;
        }
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let flag = command
            .flags
            .iter()
            .find(|flag| flag.name == name)
            .ok_or_else(|| format!("there is no flag `{name}`; {see}"))?;
        let value = match (flag.value, inline) {
            (None, None) => String::new(),
            (None, Some(_)) => return Err(format!("`{name}` takes no value; {see}")),
            (Some(_), Some(value)) => value,
            (Some(what), None) => words
                .next()
                .cloned()
                .ok_or_else(|| format!("`{name}` needs a {what}; {see}"))?,
        };
        if arguments.flags.insert(flag.name, value).is_some() {
            return Err(format!("`{name}` is given twice; {see}"));
        }
    }
    match command.words.get(arguments.words.len()) {
        Some(missing) if missing.needed => Err(format!("{} is missing; {see}", missing.name)),
        _ => Ok(Request::Run(command, arguments)),
    }
}

fn is_help(word: &str) -> bool {
    matches!(word, "--help" | "-h" | "help")
}

fn overview(commands: &[Command]) -> String {
    let mut text = String::from("Usage: cargo xtask COMMAND [FLAGS]\n\nCommands:\n");
    for command in commands {
        let _ = writeln!(text, "  {:<10}{}", command.name, command.summary);
    }
    text + "\n`cargo xtask COMMAND --help` tells more about one.\n"
}

fn help(command: &Command) -> String {
    let mut text = format!(
        "{}.\n\nUsage: cargo xtask {}",
        command.summary, command.name
    );
    for word in command.words {
        let _ = if word.needed {
            write!(text, " {}", word.name)
        } else {
            write!(text, " [{}]", word.name)
        };
    }
    let flags: Vec<(String, &str)> = command
        .flags
        .iter()
        .map(|flag| match flag.value {
            Some(value) => (format!("{} {value}", flag.name), flag.help),
            None => (flag.name.to_owned(), flag.help),
        })
        .collect();
    text += if flags.is_empty() { "\n" } else { " [FLAGS]\n" };
    let words = command
        .words
        .iter()
        .map(|word| (word.name.to_owned(), word.help));
    let rows: Vec<(String, &str)> = words.chain(flags).collect();
    if !rows.is_empty() {
        text.push('\n');
    }
    for (name, meaning) in rows {
        let _ = writeln!(text, "  {name:<18}{meaning}");
    }
    if !command.details.is_empty() {
        let _ = writeln!(text, "\n{}", command.details.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: &[Command] = &[Command {
        name: "paint",
        summary: "Paint a wall",
        words: &[Word {
            name: "WALL",
            help: "which one",
            needed: true,
        }],
        flags: &[
            Flag {
                name: "--colour",
                value: Some("NAME"),
                help: "in which colour",
            },
            Flag {
                name: "--twice",
                value: None,
                help: "two coats",
            },
        ],
        details: "",
        run: |_| Ok(()),
    }];

    fn parsed(line: &str) -> Result<Request, String> {
        parse(
            COMMANDS,
            &line
                .split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>(),
        )
    }

    fn misuse(line: &str) -> String {
        parsed(line)
            .err()
            .unwrap_or_else(|| panic!("`{line}` was accepted"))
    }

    #[test]
    fn words_and_flags_arrive_in_any_order() {
        for line in [
            "paint north --colour red --twice",
            "paint --twice --colour=red north",
        ] {
            let Ok(Request::Run(command, arguments)) = parsed(line) else {
                panic!("`{line}` is refused")
            };
            assert_eq!(
                (command.name, arguments.word(0)),
                ("paint", Some("north")),
                "{line}"
            );
            assert_eq!(arguments.value("--colour"), Some("red"), "{line}");
            assert!(arguments.has("--twice"), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error_that_names_it_and_the_help() {
        for (line, named) in [
            ("plaster", "`plaster`"),
            ("paint", "WALL"),
            ("paint north south", "`south`"),
            ("paint north --color red", "`--color`"),
            ("paint north --colour", "`--colour` needs a NAME"),
            ("paint north --twice=yes", "`--twice` takes no value"),
            ("paint north --twice --twice", "`--twice` is given twice"),
        ] {
            let message = misuse(line);
            assert!(
                message.contains(named) && message.contains("--help"),
                "`{line}`: {message}"
            );
        }
    }

    #[test]
    fn help_is_there_for_all_and_for_each() {
        for line in ["", "--help", "paint --help", "paint north -h"] {
            let Ok(Request::Help(text)) = parsed(line) else {
                panic!("`{line}` gives no help")
            };
            assert!(text.contains("Usage: cargo xtask"), "{text}");
        }
    }
}
