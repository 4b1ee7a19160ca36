//! Copying a bundle as it is, without the gaps.

use std::collections::BTreeMap;
use std::path::Path;

use super::entry::{Entry, Layout, Location};
use super::output::{BUFFER, Output};
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::staged::Durability;

/// Writes the bundle `prefix` again as `target`.
///
/// Byte order, version, data files, slices and the order of tensors in each data file (by their
/// offsets) stay, variants are carried through as they are; gaps between tensors are closed, the
/// index is made anew. Every tensor is checked on the way. What TensorFlow wrote comes out byte
/// for byte. Memory does not grow with the bundle. The number of bytes copied.
///
/// # Errors
/// Those of reading and of writing; nothing is left behind then.
pub fn rewrite(
    prefix: impl AsRef<Path>,
    target: impl AsRef<Path>,
    durability: Durability,
) -> Result<u64> {
    copy(&Reader::open(prefix)?, target.as_ref(), durability)
}

fn copy(reader: &Reader, target: &Path, durability: Durability) -> Result<u64> {
    reader.verify_index()?;
    let header = reader.header();
    let mut entries = BTreeMap::new();
    let mut stored: Vec<(Location, Entry)> = Vec::new();
    for entry in reader.stored_entries()? {
        match &entry.layout {
            Layout::Whole(location) => stored.push((*location, entry)),
            Layout::Sliced(_) => {
                entries.insert(entry.name.clone(), entry);
            }
        }
    }
    if u64::from(header.shards) > stored.len() as u64 + 1 {
        let (shards, tensors) = (header.shards, stored.len());
        return Err(Error::DamagedTable {
            path: reader.index_path().to_path_buf(),
            offset: 0,
            reason: format!("the header counts {shards} data files, but only {tensors} tensors"),
        });
    }
    // The sort is stable: empty tensors at one place stay in the order of their names.
    stored.sort_by_key(|(location, _)| (location.shard, location.offset, location.size));

    let mut output = Output::create(target)?;
    let mut buffer = vec![0; BUFFER];
    let mut copied = 0;
    for (location, mut entry) in stored {
        while output.shard() < location.shard {
            output.next_shard()?;
        }
        let offset = output.offset();
        reader.stream(&entry, &location, &mut buffer, |part| output.append(part))?;
        entry.layout = Layout::Whole(Location { offset, ..location });
        entries.insert(entry.name.clone(), entry);
        copied += location.size;
    }
    while output.shard() + 1 < header.shards {
        output.next_shard()?;
    }
    output.finish(header, &entries, durability)?;
    Ok(copied)
}
