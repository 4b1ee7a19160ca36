//! Making one bundle of several without copying their data (`MergeV2Checkpoints`).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::entry::{Entry, Layout};
use super::files::{data_path, index_path};
use super::header::Header;
use super::output::{commit_index, stage_index};
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::staged::{self, Durability, create_folder_of, folder_of};

/// A part with more data files than this is no honest one, and its empty ones are left alone.
const MOST_EMPTY: u32 = 10_000;

/// How bundles are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// What happens to the folders that the parts were in, once they are empty.
    pub old_folders: OldFolders,
    /// What happens if a part is not there.
    pub missing_parts: MissingParts,
    /// Whether the index is forced to the disk; the parts' data are as durable as they were.
    pub durability: Durability,
}

/// What happens to the folders of merged parts (`delete_old_dirs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldFolders {
    /// They are removed if nothing is left in them.
    #[default]
    Remove,
    /// They stay.
    Keep,
}

/// What happens if a part to merge is not there (`allow_missing_files`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingParts {
    /// The merge fails before anything is touched.
    #[default]
    Refuse,
    /// It is left out.
    Skip,
}

/// Makes one bundle `target` of the bundles `parts`: their data files get new names, a common index
/// is written, theirs are removed.
///
/// Whatever happens meanwhile, either the parts are whole or the target is, where the file system
/// has hard links: the data files keep their old names until the common index has its own. Where it
/// has none, they are renamed, as TensorFlow does.
///
/// A tensor may appear in several parts only as slices of one type and full shape. Data files that
/// hold no tensor are not taken over, so that the names always count what the index counts (where
/// TensorFlow's own merge makes a bundle that it cannot read).
///
/// # Errors
/// `InvalidArgument` if there are no parts, one is missing, a tensor appears twice, or byte order,
/// version, type or shape disagree: nothing is touched then. `Io` if a file cannot be renamed or
/// written, `NotFound` if a data file is missing.
pub fn merge(
    parts: &[impl AsRef<Path>],
    target: impl AsRef<Path>,
    options: MergeOptions,
) -> Result<()> {
    let target = target.as_ref();
    let mut merged = Merged::default();
    for part in parts {
        let part = part.as_ref();
        match Reader::open(part) {
            Ok(reader) => merged.take(&reader)?,
            Err(Error::NoCheckpoint { .. }) if options.missing_parts == MissingParts::Skip => {}
            Err(Error::NoCheckpoint { hint, .. }) => {
                let part = part.display();
                let reason = format!("part {part} of {} is missing: {hint}", target.display());
                return Err(Error::InvalidArgument(reason));
            }
            Err(other) => return Err(other),
        }
    }
    let Some(mut header) = merged.header else {
        let target = target.display();
        return Err(Error::InvalidArgument(format!(
            "there are no parts to merge into {target}"
        )));
    };
    header.shards = (merged.sources.len() as u32).max(1);
    for source in &merged.sources {
        fs::metadata(source).map_err(Error::io("find data file", source))?;
    }
    create_folder_of(target)?;
    let index = stage_index(target, &header, &merged.entries, options.durability)?;
    let old_names = name_all(&merged.sources, target, header.shards)?;
    commit_index(target, index, options.durability)?;
    for name in old_names {
        // The merged bundle is complete without.
        let _ = fs::remove_file(name);
    }
    for part in merged.parts {
        remove_part(&part, target, options.old_folders);
    }
    Ok(())
}

/// Gives the data files their new names, all of them or none; the old names that they still have.
fn name_all(sources: &[PathBuf], target: &Path, shards: u32) -> Result<Vec<PathBuf>> {
    let mut named: Vec<(&PathBuf, PathBuf, Named)> = Vec::new();
    for (number, source) in (0..).zip(sources) {
        let name = data_path(target, number, shards);
        if name == *source {
            continue;
        }
        match Named::link(source, &name) {
            Ok(form) => named.push((source, name, form)),
            Err(error) => {
                for (source, name, form) in named {
                    // Best effort: the first error is the one to report.
                    let _ = match form {
                        Named::Also => fs::remove_file(name),
                        Named::Only => fs::rename(name, source),
                    };
                }
                return Err(Error::io("rename data file", source)(error));
            }
        }
    }
    let linked = named
        .into_iter()
        .filter(|(_, _, form)| *form == Named::Also);
    Ok(linked.map(|(source, _, _)| source.clone()).collect())
}

/// How a file has a new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// Beside the old one.
    Also,
    /// Instead of the old one.
    Only,
}

impl Named {
    fn link(source: &Path, name: &Path) -> io::Result<Named> {
        let temporary = staged::temporary_beside(name);
        if fs::hard_link(source, &temporary).is_err() {
            return fs::rename(source, name).map(|()| Named::Only);
        }
        // A link does not replace what has the name; a rename does.
        if let Err(error) = fs::rename(&temporary, name) {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        Ok(Named::Also)
    }
}

/// What the parts hold together.
#[derive(Default)]
struct Merged {
    header: Option<Header>,
    entries: BTreeMap<Name, Entry>,
    /// Data files in the order of their new numbers.
    sources: Vec<PathBuf>,
    parts: Vec<Part>,
}

/// A part, and the data files that hold nothing of it.
struct Part {
    prefix: PathBuf,
    empty: Vec<PathBuf>,
}

impl Merged {
    fn take(&mut self, part: &Reader) -> Result<()> {
        let prefix = part.prefix();
        if let Some(first) = &self.header
            && (first.endianness != part.header().endianness
                || first.version != part.header().version)
        {
            let prefix = prefix.display();
            let reason = format!("part {prefix} differs in byte order or version from the first");
            return Err(Error::InvalidArgument(reason));
        }
        let mut numbers = BTreeMap::new();
        for mut entry in part.stored_entries()? {
            if let Layout::Whole(location) = &mut entry.layout {
                let sources = &mut self.sources;
                location.shard = *numbers.entry(location.shard).or_insert_with(|| {
                    sources.push(data_path(prefix, location.shard, part.header().shards));
                    sources.len() as u32 - 1
                });
            }
            self.enter(prefix, entry)?;
        }
        self.header.get_or_insert_with(|| part.header().clone());
        let shards = part.header().shards;
        let empty = (0..shards.min(MOST_EMPTY)).filter(|number| !numbers.contains_key(number));
        let empty = empty
            .map(|number| data_path(prefix, number, shards))
            .collect();
        self.parts.push(Part {
            prefix: prefix.to_path_buf(),
            empty,
        });
        Ok(())
    }

    fn enter(&mut self, prefix: &Path, entry: Entry) -> Result<()> {
        let mut place = match self.entries.entry(entry.name.clone()) {
            Place::Vacant(place) => {
                place.insert(entry);
                return Ok(());
            }
            Place::Occupied(place) => place,
        };
        let before = place.get_mut();
        let refuse = |reason: &str| {
            let (name, prefix) = (entry.name.clone(), prefix.display());
            Err(Error::InvalidTensor {
                name,
                reason: format!("part {prefix} {reason}"),
            })
        };
        match (&mut before.layout, &entry.layout) {
            (Layout::Sliced(_), Layout::Sliced(_))
                if before.dtype != entry.dtype || before.shape != entry.shape =>
            {
                refuse("has slices of it with another type or full shape than a part before")
            }
            (Layout::Sliced(slices), Layout::Sliced(more)) => {
                slices.extend_from_slice(more);
                Ok(())
            }
            _ => refuse("has it again; only slices of one tensor may come from several parts"),
        }
    }
}

/// Removes what is left of a part. That the merged bundle is complete does not depend on it.
fn remove_part(part: &Part, target: &Path, old_folders: OldFolders) {
    if part.prefix != target {
        let _ = fs::remove_file(index_path(&part.prefix));
        for file in &part.empty {
            let _ = fs::remove_file(file);
        }
    }
    let folder = folder_of(&part.prefix);
    if old_folders == OldFolders::Remove && folder != folder_of(target) {
        let _ = fs::remove_dir(folder);
    }
}
