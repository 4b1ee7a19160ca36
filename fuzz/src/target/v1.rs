//! V1 checkpoints.

use std::fs;
use std::path::Path;

use gradlet_host::table::Table;
use gradlet_host::v1::{Reader, rewrite};
use gradlet_host::{Durability, Tensor};

use crate::memory::bounded;
use crate::{scratch, seal};

/// More tensors than this are not read one by one.
const MOST_TENSORS: usize = 64;

/// Reads a V1 checkpoint, and writes what it holds again.
pub fn v1(bytes: &[u8]) {
    read(bytes);
    let mut sealed = bytes.to_vec();
    seal::table(&mut sealed);
    read(&sealed);
}

fn read(bytes: &[u8]) {
    let intact = bounded(bytes.len(), || {
        let table = Table::from_bytes(Path::new("v1"), bytes.to_vec());
        let Ok(reader) = table.and_then(Reader::from_table) else {
            return None;
        };
        for entry in reader.entries().take(MOST_TENSORS) {
            let _ = reader.read(&entry.name);
            for slice in entry.slices.iter().take(8) {
                let _ = reader.read_slice(&entry.name, slice);
            }
        }
        let _ = reader.read("no such tensor");
        reader.verify().is_ok().then_some(reader)
    });
    let Some(reader) = intact else {
        return;
    };
    let (source, target) = (scratch::path("source"), scratch::path("rewritten"));
    scratch::write(&source, bytes);
    if rewrite(&source, &target, Durability::Unsynced).is_ok() {
        let again = Reader::open(&target).expect("what was written opens");
        again.verify().expect("what was written is whole");
        for entry in reader.entries().take(MOST_TENSORS) {
            let (before, after) = (reader.read(&entry.name), again.read(&entry.name));
            assert_eq!(ok(before), ok(after), "{}", entry.name);
        }
    }
    for name in scratch::names() {
        assert!(
            ["source", "rewritten"].contains(&name.as_str()),
            "{name} was left"
        );
        fs::remove_file(scratch::path(&name)).expect("a temporary file can be removed");
    }
}

fn ok(tensor: gradlet_host::Result<Tensor>) -> Option<Tensor> {
    tensor.ok()
}
