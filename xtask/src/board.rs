//! What the board folders say of themselves (`firmware-examples/boards/NAME/board.toml`).
use crate::root;
use anyhow::{Context, Result, bail};
use std::fs;
use toml::{Table, Value};

/// The board that is meant when none is named.
pub const DEFAULT: &str = "mps2-an386";

/// A board.
#[derive(Clone, Debug)]
pub struct Board {
    /// Its name, which is its folder's.
    pub name: String,
    /// What its figures are called after: the name of its processor, without spaces.
    pub short: String,
    /// What it is, in one line.
    pub about: String,
    /// Its processor.
    pub core: String,
    /// The compiler's name for what it runs.
    pub target: String,
    /// Its memory, in words.
    pub memory: String,
    /// What it offers to the examples, in words.
    pub offers: Vec<String>,
    /// How QEMU plays it.
    pub qemu: Qemu,
}

/// How QEMU plays a board.
#[derive(Clone, Debug)]
pub struct Qemu {
    /// The program.
    pub program: String,
    /// Its arguments; `{elf}` stands for the program to run.
    pub arguments: Vec<String>,
    /// Instructions a tick of [`crate::emulator::Time::Counted`]; see `-icount shift`.
    pub icount_shift: u8,
    /// Files that QEMU needs in its folder.
    pub files: Vec<Image>,
}

/// A file that holds the content of a memory which survives power-off. It is made when it is not
/// there.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its name in QEMU's folder.
    pub name: String,
    /// Its size in bytes, all of them 0xFF at first.
    pub bytes: u64,
}

/// All boards, by name.
///
/// # Errors
/// If a board's description cannot be read; the error names the file and what is missing.
pub fn all() -> Result<Vec<Board>> {
    let folder = root::firmware_examples().join("boards");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let names = entries
        .flatten()
        .filter(|entry| entry.path().join("board.toml").is_file());
    let mut names: Vec<String> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.iter().map(|name| read(name)).collect()
}

/// The board of this name.
///
/// # Errors
/// If there is none; the error lists those that there are.
pub fn find(name: &str) -> Result<Board> {
    let all = all()?;
    let names: Vec<&str> = all.iter().map(|board| board.name.as_str()).collect();
    let unknown = || format!("there is no board `{name}`; there are {}", names.join(", "));
    all.iter()
        .find(|board| board.name == name)
        .cloned()
        .with_context(unknown)
}

fn read(name: &str) -> Result<Board> {
    let file = root::firmware_examples()
        .join("boards")
        .join(name)
        .join("board.toml");
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    understand(name, &text).with_context(|| format!("in {}", file.display()))
}

fn understand(name: &str, text: &str) -> Result<Board> {
    let table: Table = text.parse()?;
    let qemu = table
        .get("qemu")
        .and_then(Value::as_table)
        .context("there is no [qemu]")?;
    Ok(Board {
        name: name.into(),
        short: string(&table, "short")?,
        about: string(&table, "about")?,
        core: string(&table, "core")?,
        target: string(&table, "target")?,
        memory: string(&table, "memory")?,
        offers: strings(&table, "offers")?,
        qemu: Qemu {
            program: string(qemu, "program")?,
            arguments: strings(qemu, "arguments")?,
            icount_shift: qemu.get("icount_shift").map_or(Ok(0), number)? as u8,
            files: qemu
                .get("files")
                .and_then(Value::as_table)
                .map_or(Ok(Vec::new()), images)?,
        },
    })
}

fn images(table: &Table) -> Result<Vec<Image>> {
    table
        .iter()
        .map(|(name, size)| {
            Ok(Image {
                name: name.clone(),
                bytes: number(size)?,
            })
        })
        .collect()
}

pub(crate) fn number(value: &Value) -> Result<u64> {
    let number = value
        .as_integer()
        .and_then(|number| u64::try_from(number).ok());
    number.with_context(|| format!("`{value:?}` should be a whole number"))
}

pub(crate) fn string(table: &Table, key: &str) -> Result<String> {
    let value = table
        .get(key)
        .with_context(|| format!("`{key}` is missing"))?;
    Ok(value
        .as_str()
        .with_context(|| format!("`{key}` should be a text"))?
        .to_owned())
}

pub(crate) fn strings(table: &Table, key: &str) -> Result<Vec<String>> {
    let Some(Value::Array(values)) = table.get(key) else {
        bail!("`{key}` should be a list of texts")
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts: Option<Vec<String>> = values.iter().map(text).collect();
    texts.with_context(|| format!("`{key}` should be a list of texts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_folder_is_understood_and_complete() {
        let boards = all().unwrap();
        assert!(
            boards.iter().any(|board| board.name == DEFAULT),
            "{DEFAULT} is not among the boards"
        );
        for board in boards {
            let folder = root::firmware_examples().join("boards").join(&board.name);
            for file in ["memory.x", "mod.rs"] {
                assert!(folder.join(file).is_file(), "{} has no {file}", board.name);
            }
            let arguments = board.qemu.arguments.join(" ");
            assert!(
                arguments.contains("{elf}"),
                "{}: QEMU is not told the program",
                board.name
            );
        }
    }

    #[test]
    fn an_unknown_board_is_answered_with_the_known_ones() {
        let message = find("commodore").unwrap_err().to_string();
        assert!(
            message.contains("commodore") && message.contains(DEFAULT),
            "{message}"
        );
    }
}
