//! TensorFlow's trajectories in their folder: `trajectories/index.json` and a file each.

mod emit;
mod hyper;

use std::path::{Path, PathBuf};
use std::{error, fmt, fs};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Array, Case, Part, Rule, State};
use hyper::Hyper;

/// All trajectories of a folder of goldens.
#[derive(Debug)]
pub struct Folder {
    /// In the order of the index.
    pub cases: Vec<FolderCase>,
}

/// A trajectory that owns its data.
#[derive(Debug)]
pub struct FolderCase {
    name: String,
    rule: Rule,
    elements: usize,
    inner: usize,
    touched: Option<usize>,
    gradients: usize,
    indices: usize,
    states: Vec<(usize, Vec<Array>)>,
    file: PathBuf,
    data: Vec<u8>,
}

/// Why a folder cannot be read.
#[derive(Debug)]
pub struct IndexError(String);

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for IndexError {}

#[derive(Deserialize)]
struct Entry {
    name: String,
    file: String,
    hyper: Map<String, Value>,
    arrays: Vec<Stored>,
}

#[derive(Deserialize)]
struct Stored {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    offset: usize,
    nbytes: usize,
}

impl Folder {
    /// Reads all trajectories of the folder of goldens `golden`.
    ///
    /// # Errors
    /// [`IndexError`] names the file and the case that cannot be read.
    pub fn open(golden: &Path) -> Result<Self, IndexError> {
        let path = golden.join("trajectories/index.json");
        let failed = |error: &dyn fmt::Display| IndexError(format!("{}: {error}", path.display()));
        let text = fs::read(&path).map_err(|error| failed(&error))?;
        let entries: Vec<Entry> = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
        let cases = entries
            .into_iter()
            .map(|entry| {
                let name = entry.name.clone();
                entry
                    .read(golden)
                    .map_err(|error| failed(&format_args!("{name}: {error}")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { cases })
    }
}

impl Entry {
    fn read(self, golden: &Path) -> Result<FolderCase, IndexError> {
        let file = golden.join(&self.file);
        let data =
            fs::read(&file).map_err(|error| IndexError(format!("{}: {error}", file.display())))?;
        for array in &self.arrays {
            let end = array.offset.checked_add(array.nbytes);
            if end.is_none_or(|end| end > data.len()) {
                let text = format!("{} lies outside {}", array.name, file.display());
                return Err(IndexError(text));
            }
        }
        let optimizer = Hyper::optimizer(&self.name)
            .ok_or_else(|| IndexError("no known optimizer has this name".into()))?;
        let rule = Hyper(&self.hyper).rule(optimizer)?;

        let variable = self.variable()?;
        let elements = variable.shape.iter().product();
        let inner = variable.shape.iter().skip(1).product();
        let gradients = self.array("grads")?;
        let sparse = self.array("indices").ok();
        let name_of_variable = variable.name.trim_start_matches("init/").to_owned();

        let mut states: Vec<(usize, Vec<Array>)> = Vec::new();
        for array in &self.arrays {
            let Some((time, name)) = array.name.split_once('/') else {
                continue;
            };
            let after = match time.strip_prefix("step") {
                Some(step) => step.parse().map_err(|_| IndexError(format!("{time}?")))?,
                None => 0,
            };
            let part = part(optimizer, &name_of_variable, name)
                .ok_or_else(|| IndexError(format!("{name} is no variable of {optimizer}")))?;
            let stored = Array {
                part,
                offset: array.offset,
            };
            match states.iter_mut().find(|(known, _)| *known == after) {
                Some((_, arrays)) => arrays.push(stored),
                None => states.push((after, vec![stored])),
            }
        }
        states.sort_by_key(|(after, _)| *after);
        Ok(FolderCase {
            rule,
            elements,
            inner,
            touched: sparse.and_then(|array| array.shape.get(1).copied()),
            gradients: gradients.offset,
            indices: sparse.map_or(0, |array| array.offset),
            states,
            name: self.name,
            file,
            data,
        })
    }

    fn array(&self, name: &str) -> Result<&Stored, IndexError> {
        self.arrays
            .iter()
            .find(|array| array.name == name)
            .ok_or_else(|| IndexError(format!("there is no array {name}")))
    }

    /// The one that is trained: it has dimensions, and no name in front of it.
    fn variable(&self) -> Result<&Stored, IndexError> {
        let trained = |array: &&Stored| {
            let name = array.name.strip_prefix("init/");
            name.is_some_and(|name| !name.contains('/'))
                && !array.shape.is_empty()
                && array.dtype == "float32"
        };
        self.arrays
            .iter()
            .find(trained)
            .ok_or_else(|| IndexError("there is no variable".into()))
    }
}

/// What TensorFlow's variable `name` is to a run of `optimizer` over `variable`.
fn part(optimizer: &str, variable: &str, name: &str) -> Option<Part> {
    if name == "global_step" {
        return Some(Part::GlobalStep);
    }
    if let Some(scalar) = ["beta1_power", "beta2_power"]
        .iter()
        .position(|&s| s == name)
    {
        return Some(Part::Scalar(scalar));
    }
    let slot = name.strip_prefix(variable)?;
    if slot.is_empty() {
        return Some(Part::Variable);
    }
    // w/Adam is the first slot, w/Adam_1 the second.
    let number = slot.strip_prefix('/')?.strip_prefix(optimizer)?;
    match number.strip_prefix('_') {
        None if number.is_empty() => Some(Part::Slot(0)),
        None => None,
        Some(number) => number.parse().ok().map(Part::Slot),
    }
}

impl FolderCase {
    /// Hands the case to `use_it`.
    pub fn with<T>(&self, use_it: impl FnOnce(&Case<'_>) -> T) -> T {
        let states: Vec<State<'_>> = self
            .states
            .iter()
            .map(|(after, arrays)| State {
                after: *after,
                arrays,
            })
            .collect();
        use_it(&Case {
            name: &self.name,
            rule: self.rule,
            elements: self.elements,
            inner: self.inner,
            touched: self.touched,
            gradients: self.gradients,
            indices: self.indices,
            states: &states,
            data: &self.data,
        })
    }
}
