//! Folders with checkpoints, and what is found in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use gradlet_host::bundle::Reader;
use gradlet_host::state::get_checkpoint_state;
use gradlet_host::{Error, Tensor};

/// The files below a folder, with their content.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Everything below a folder.
pub(crate) fn files(folder: &Path) -> Result<Files> {
    let mut found = Files::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path)?;
                found.insert(path.strip_prefix(folder)?.to_path_buf(), bytes);
            }
        }
    }
    Ok(found)
}

/// Whether a file is a temporary, which nothing refers to.
fn is_temporary(path: &Path) -> bool {
    path.to_string_lossy().contains(".tempstate")
}

/// Nothing of what was there has changed, but for the files in `changing`, and nothing is new but
/// those and temporaries.
pub(crate) fn others_are_untouched(
    before: &Files,
    after: &Files,
    changing: impl Fn(&Path) -> bool,
) -> Result<()> {
    for (path, bytes) in before {
        if !changing(path) {
            ensure!(
                after.get(path) == Some(bytes),
                "{} has changed",
                path.display()
            );
        }
    }
    for path in after.keys() {
        let known = before.contains_key(path) || is_temporary(path) || changing(path);
        ensure!(known, "{} has appeared", path.display());
    }
    Ok(())
}

/// Which of several sets of values a bundle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// It cannot be opened: there is none.
    Nothing,
    /// All tensors of the set with this number.
    All(usize),
    /// Reading says that something is wrong.
    Damage,
}

/// The tensors of a bundle by their names.
pub(crate) type Values = BTreeMap<Vec<u8>, Tensor>;

/// Reads all tensors of a bundle.
pub(crate) fn values(prefix: &Path) -> Result<Values, Error> {
    let reader = Reader::open(prefix)?;
    let entries = reader.entries()?;
    let read = |entry: &gradlet_host::bundle::Entry| {
        Ok((entry.name.as_bytes().to_vec(), reader.read_entry(entry)?))
    };
    entries.iter().map(read).collect()
}

/// What a bundle holds, if it is one of these sets, or says that it is damaged; a mixture that
/// passes for whole is an error.
pub(crate) fn holds(prefix: &Path, sets: &[&Values]) -> Result<Holds> {
    match values(prefix) {
        Err(Error::NoCheckpoint { .. }) => Ok(Holds::Nothing),
        Err(_) => {
            ensure!(
                Reader::open(prefix).is_err() || Reader::open(prefix)?.verify().is_err(),
                "reading notices what verifying does not"
            );
            Ok(Holds::Damage)
        }
        Ok(found) => {
            let number = sets.iter().position(|set| **set == found);
            let number = number.context("a mixture of old and new reads as if it were whole")?;
            Reader::open(prefix)?.verify()?;
            Ok(Holds::All(number))
        }
    }
}

/// The state file of a folder, if there is one, names a checkpoint that is whole.
pub(crate) fn state_is_sound(folder: &Path) -> Result<()> {
    let Some(state) = get_checkpoint_state(folder, None)? else {
        return Ok(());
    };
    let newest = PathBuf::from(&state.model_checkpoint_path);
    if let Ok(reader) = gradlet_host::v1::Reader::open(&newest)
        && newest.is_file()
    {
        reader.verify()?;
        return Ok(());
    }
    let reader = Reader::open(&newest)
        .with_context(|| format!("the state file names {}", newest.display()))?;
    reader.verify()?;
    Ok(())
}

/// Fails with what has to hold and does not.
pub(crate) fn expect(holds: bool, what: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    bail!("{what}")
}
