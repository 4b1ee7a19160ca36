//! V2 bundles.

use std::fs;
use std::path::Path;

use gradlet_host::bundle::{Layout, Reader, data_path, index_path, rewrite};
use gradlet_host::mapping::Mapping;
use gradlet_host::object_graph::ObjectGraph;
use gradlet_host::profile::flatten;
use gradlet_host::{Durability, Slice};

use crate::memory::bounded;
use crate::{scratch, seal};

/// More data files than this are not made.
const MOST_SHARDS: u32 = 3;

/// More tensors than this are not read one by one.
const MOST_TENSORS: usize = 64;

/// The parts of an input: the data, the index, and in the last four bytes the index's length.
pub fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, len) = bytes.split_last_chunk()?;
    let data = rest.len().checked_sub(u32::from_le_bytes(*len) as usize)?;
    Some(rest.split_at(data))
}

/// Reads a bundle of which every data file has the same bytes, in every way there is.
pub fn bundle(bytes: &[u8]) {
    let Some((data, index)) = parts(bytes) else {
        return;
    };
    read(index, data);
    let mut sealed_data = data.to_vec();
    let sealed_index = seal::bundle(index, &mut sealed_data);
    read(&sealed_index, &sealed_data);
}

fn read(index: &[u8], data: &[u8]) {
    let prefix = scratch::path("bundle");
    scratch::write(&index_path(&prefix), index);
    let Ok(reader) = Reader::open(&prefix) else {
        return;
    };
    let shards = reader.header().shards;
    let files: Vec<_> = (0..shards.min(MOST_SHARDS))
        .map(|n| data_path(&prefix, n, shards))
        .collect();
    files.iter().for_each(|file| scratch::write(file, data));
    bounded(index.len() + data.len(), || every_tensor(&reader));
    if reader.verify().is_ok() {
        let target = scratch::path("rewritten");
        if rewrite(&prefix, &target, Durability::Unsynced).is_ok() {
            is_the_same(&reader, &target);
        }
    }
    drop(reader);
    for name in scratch::names() {
        assert!(
            name.starts_with("bundle.") || name.starts_with("rewritten."),
            "{name} was left"
        );
        fs::remove_file(scratch::path(&name)).expect("a temporary file can be removed");
    }
}

fn every_tensor(reader: &Reader) {
    let _ = reader.stored_entries();
    for entry in reader
        .entries()
        .unwrap_or_default()
        .iter()
        .take(MOST_TENSORS)
    {
        let read = reader.read_entry(entry);
        let mapped = reader.map_entry(entry);
        if let (Ok(read), Ok(mapped)) = (&read, &mapped) {
            assert_eq!(read, mapped, "{}", entry.name);
        }
        assert_eq!(
            read.is_ok(),
            mapped.is_ok(),
            "{}: {read:?}, mapped {mapped:?}",
            entry.name
        );
        let whole = reader.read_slice_of(entry, &Slice::full(entry.shape.len()));
        assert_eq!(
            read.is_ok(),
            whole.is_ok(),
            "{}: {read:?}, sliced {whole:?}",
            entry.name
        );
        if let Layout::Sliced(slices) = &entry.layout {
            for slice in slices.iter().take(8) {
                let _ = reader.read_slice_of(entry, slice);
            }
        }
    }
    let _ = reader.read("no such tensor");
    if let Ok(Some(graph)) = ObjectGraph::read(reader) {
        let _ = flatten(&graph, reader, &Mapping::default(), &mut Vec::new());
    }
}

/// What was rewritten holds the same tensors.
fn is_the_same(reader: &Reader, target: &Path) {
    let again = Reader::open(target).expect("what was written opens");
    again.verify().expect("what was written is whole");
    for entry in reader
        .entries()
        .unwrap_or_default()
        .iter()
        .take(MOST_TENSORS)
    {
        if let Ok(tensor) = reader.read_entry(entry) {
            let found = again.read(&entry.name);
            assert_eq!(found.ok().as_ref(), Some(&tensor), "{}", entry.name);
        }
    }
}
