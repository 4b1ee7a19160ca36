//! What the examples say of themselves: a package's `[package.metadata.gradlet]` names the boards
//! that its programs run on.
use crate::{board, peer::Serial, root};
use anyhow::{Context, Result, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// A program for boards.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name.
    pub name: String,
    /// The package that it is a program of.
    pub package: String,
    /// The package's folder.
    pub folder: PathBuf,
    /// What the program is written in.
    pub language: Language,
    /// What it is built from, and the boards that each runs on.
    pub variants: Vec<Variant>,
    /// The features that it can be built with.
    pub features: Vec<String>,
    /// Whether it counts instructions, which differ between compilers.
    pub is_bench: bool,
    /// Features, joined by commas, that a bench is built with one after another.
    pub bench_features: Vec<String>,
    /// The most stack that it may use in release without logging, in bytes, where it promises one.
    pub stack_budget: Option<u64>,
    /// The most RAM that its statics and its stack may take together then.
    pub ram_budget: Option<u64>,
    /// Whether it leaves TensorFlow's result of its story in `checkpoint.gck`.
    pub is_tensorflows: bool,
    /// What it expects at the other end of its serial line.
    pub serial: Serial,
    /// The most code and constants that it may have on a board, in bytes, where it promises that.
    pub flash_budget: BTreeMap<String, u64>,
    /// The highest bound of its stack that may be found on a board, in bytes, where it promises
    /// one.
    pub stack_bound_budget: BTreeMap<String, u64>,
}

/// What a program is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The package has a program.
    Rust,
    /// The package is a static library, and beside it is a `main.c`.
    C,
}

/// What a program is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// The story that it is generated from, by its name in `tests/data/stories`.
    pub story: Option<String>,
    /// The story's training order.
    pub mode: Option<String>,
    /// The boards that this runs on.
    pub boards: Vec<String>,
}

impl Variant {
    /// The program's name with what it is built from, as file names and reports have it.
    pub fn label(&self, example: &str) -> String {
        let parts = [Some(example), self.story.as_deref(), self.mode.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("-")
    }

    /// The story's folder.
    pub fn folder(&self) -> Option<PathBuf> {
        let stories = root::repository().join("tests/data/stories");
        self.story.as_ref().map(|story| stories.join(story))
    }
}

impl Example {
    /// The boards that it runs on.
    pub fn boards(&self) -> BTreeSet<&str> {
        let boards = self.variants.iter().flat_map(|variant| &variant.boards);
        boards.map(String::as_str).collect()
    }

    /// What it is built from on a board when nothing else is asked for.
    ///
    /// # Errors
    /// If it does not run on the board; the error lists those that it runs on.
    pub fn variant_on(&self, board: &str) -> Result<&Variant> {
        let runs = |variant: &&Variant| variant.boards.iter().any(|name| name == board);
        self.variants.iter().find(runs).with_context(|| {
            let boards = Vec::from_iter(self.boards()).join(", ");
            format!("{} does not run on {board}; it runs on {boards}", self.name)
        })
    }
}

/// All examples, by name.
///
/// # Errors
/// If a package's description cannot be understood; the error names the file.
pub fn all() -> Result<Vec<Example>> {
    let workspace = root::firmware_examples();
    let entries =
        fs::read_dir(&workspace).with_context(|| format!("cannot list {}", workspace.display()))?;
    let mut examples = Vec::new();
    for folder in entries.flatten().map(|entry| entry.path()) {
        let manifest = folder.join("Cargo.toml");
        if manifest.is_file() {
            let found =
                read(&folder, &manifest).with_context(|| format!("in {}", manifest.display()))?;
            examples.extend(found);
        }
    }
    examples.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(examples)
}

/// The example of this name.
///
/// # Errors
/// If there is none; the error lists those that there are.
pub fn find(name: &str) -> Result<Example> {
    let all = all()?;
    let names: Vec<&str> = all.iter().map(|example| example.name.as_str()).collect();
    let unknown = || {
        format!(
            "there is no example `{name}`; there are {}",
            names.join(", ")
        )
    };
    all.iter()
        .find(|example| example.name == name)
        .cloned()
        .with_context(unknown)
}

/// The programs of a package; none, if it does not say which boards they are for.
fn read(folder: &Path, manifest: &Path) -> Result<Vec<Example>> {
    let table: Table = fs::read_to_string(manifest)?.parse()?;
    // A workspace of its own, such as `hardware`, has none.
    let Some(package) = table.get("package").and_then(Value::as_table) else {
        return Ok(Vec::new());
    };
    let gradlet = package
        .get("metadata")
        .and_then(|metadata| metadata.get("gradlet"));
    let Some(gradlet) = gradlet.and_then(Value::as_table) else {
        return Ok(Vec::new());
    };
    let variants = match gradlet.get("variants") {
        Some(Value::Array(tables)) => tables.iter().map(variant).collect::<Result<_>>()?,
        Some(_) => bail!("`variants` should be a list of tables"),
        None => vec![Variant {
            boards: boards(gradlet)?,
            ..Variant::default()
        }],
    };
    let package = board::string(package, "name")?;
    let features = table.get("features").and_then(Value::as_table);
    let features: Vec<String> = features
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default();
    let is_bench = gradlet.get("bench").and_then(Value::as_bool) == Some(true);
    let bench_features = match gradlet.get("bench_features") {
        Some(_) => board::strings(gradlet, "bench_features")?,
        None => vec![String::new()],
    };
    let stack_budget = gradlet.get("stack_budget");
    let stack_budget = stack_budget.map(board::number).transpose()?;
    let ram_budget = gradlet.get("ram_budget");
    let ram_budget = ram_budget.map(board::number).transpose()?;
    let is_tensorflows = gradlet.get("tensorflow").and_then(Value::as_bool) == Some(true);
    let serial = Serial::read(gradlet)?;
    let flash_budget = bytes_by_board(gradlet, "flash_budget")?;
    let stack_bound_budget = bytes_by_board(gradlet, "stack_bound_budget")?;
    let example = |name: String, language| Example {
        name,
        language,
        package: package.clone(),
        folder: folder.to_owned(),
        variants: variants.clone(),
        features: features.clone(),
        is_bench,
        bench_features: bench_features.clone(),
        stack_budget,
        ram_budget,
        is_tensorflows,
        serial: serial.clone(),
        flash_budget: flash_budget.clone(),
        stack_bound_budget: stack_bound_budget.clone(),
    };
    let mut examples: Vec<Example> = Vec::new();
    let programs = [("src/main.rs", Language::Rust), ("main.c", Language::C)];
    for (_, language) in programs
        .iter()
        .filter(|(file, _)| folder.join(file).is_file())
    {
        examples.push(example(package.clone(), *language));
    }
    if let Ok(programs) = fs::read_dir(folder.join("src/bin")) {
        let names = programs
            .flatten()
            .filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned()));
        examples.extend(names.map(|name| example(name, Language::Rust)));
    }
    Ok(examples)
}

/// A table of boards and bytes; empty, if there is none.
fn bytes_by_board(table: &Table, key: &str) -> Result<BTreeMap<String, u64>> {
    let Some(budgets) = table.get(key) else {
        return Ok(BTreeMap::new());
    };
    let budgets = budgets.as_table();
    let budgets = budgets.with_context(|| format!("`{key}` should name boards and bytes"))?;
    budgets
        .iter()
        .map(|(board, bytes)| Ok((board.clone(), board::number(bytes)?)))
        .collect()
}

fn variant(value: &Value) -> Result<Variant> {
    let table = value.as_table().context("a variant should be a table")?;
    let text = |key: &str| {
        table
            .get(key)
            .map(|_| board::string(table, key))
            .transpose()
    };
    Ok(Variant {
        story: text("story")?,
        mode: text("mode")?,
        boards: boards(table)?,
    })
}

/// `boards` is a list or "all"; `except` takes some of them away.
fn boards(table: &Table) -> Result<Vec<String>> {
    let boards = match table.get("boards") {
        Some(Value::String(all)) if all == "all" => {
            Ok(board::all()?.into_iter().map(|board| board.name).collect())
        }
        _ => board::strings(table, "boards").context("it may also be \"all\""),
    }?;
    let except = match table.get("except") {
        Some(_) => board::strings(table, "except")?,
        None => Vec::new(),
    };
    Ok(boards
        .into_iter()
        .filter(|name| !except.contains(name))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_names_boards_that_there_are() {
        let boards: Vec<String> = board::all()
            .unwrap()
            .into_iter()
            .map(|board| board.name)
            .collect();
        let examples = all().unwrap();
        assert!(!examples.is_empty(), "there are no examples");
        for example in examples {
            assert!(
                !example.boards().is_empty(),
                "{} runs on no board",
                example.name
            );
            for name in example.boards() {
                let is_known = boards.iter().any(|board| board == name);
                assert!(is_known, "{} names the board `{name}`", example.name);
            }
        }
    }
}
