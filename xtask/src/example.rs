//! What the examples say of themselves: a package's `[package.metadata.gradlet]` names the boards
//! that its programs run on.
use crate::{board, root};
use anyhow::{Context, Result, bail};
use std::{
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
    /// The boards that it runs on.
    pub boards: Vec<String>,
    /// The features that it can be built with.
    pub features: Vec<String>,
    /// Whether it counts instructions, which differ between compilers.
    pub is_bench: bool,
    /// The most stack that it may use in release without logging, in bytes, where it promises one.
    pub stack_budget: Option<u64>,
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
    let package = table
        .get("package")
        .and_then(Value::as_table)
        .context("there is no [package]")?;
    let gradlet = package
        .get("metadata")
        .and_then(|metadata| metadata.get("gradlet"));
    let Some(boards) = gradlet.and_then(|gradlet| gradlet.get("boards")) else {
        return Ok(Vec::new());
    };
    let boards = match boards {
        Value::String(all) if all == "all" => {
            board::all()?.into_iter().map(|board| board.name).collect()
        }
        Value::Array(_) => board::strings(
            gradlet.and_then(Value::as_table).context("no table")?,
            "boards",
        )?,
        _ => bail!("`boards` should be \"all\" or a list of boards"),
    };
    let package = board::string(package, "name")?;
    let features = table.get("features").and_then(Value::as_table);
    let features: Vec<String> = features
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default();
    let is_bench = gradlet.and_then(|gradlet| gradlet.get("bench")?.as_bool()) == Some(true);
    let stack_budget = gradlet.and_then(|gradlet| gradlet.get("stack_budget"));
    let stack_budget = stack_budget.map(board::number).transpose()?;
    let example = |name: String| Example {
        name,
        package: package.clone(),
        folder: folder.to_owned(),
        boards: boards.clone(),
        features: features.clone(),
        is_bench,
        stack_budget,
    };
    let mut examples: Vec<Example> = Vec::new();
    if folder.join("src/main.rs").is_file() {
        examples.push(example(package.clone()));
    }
    if let Ok(programs) = fs::read_dir(folder.join("src/bin")) {
        let names = programs
            .flatten()
            .filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned()));
        examples.extend(names.map(example));
    }
    Ok(examples)
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
                !example.boards.is_empty(),
                "{} runs on no board",
                example.name
            );
            for name in &example.boards {
                assert!(
                    boards.contains(name),
                    "{} names the board `{name}`",
                    example.name
                );
            }
        }
    }
}
