//! Other programs' files of tensors.

use std::fs;

use gradlet_host::Durability;
use gradlet_host::convert::{Options, Source, convert};

use crate::memory::bounded;
use crate::scratch;

/// How many bytes one compressed byte may stand for, relative to what [`bounded`] allows anyway:
/// deflate makes up to 1,032 of one, and zeros are what it is given.
const DEFLATE: usize = 32;

/// NumPy's archive, converted to everything.
pub fn npz(bytes: &[u8]) {
    file("input.npz", bytes, DEFLATE * bytes.len());
}

/// A safetensors file, converted to everything.
pub fn safetensors(bytes: &[u8]) {
    file("input.safetensors", bytes, bytes.len());
}

fn file(name: &str, bytes: &[u8], len: usize) {
    let path = scratch::path(name);
    scratch::write(&path, bytes);
    bounded(len, || {
        let Ok(source) = Source::open(&path) else {
            return;
        };
        for tensor in source.tensors().unwrap_or_default().iter().take(64) {
            let _ = source.read(&tensor.name);
        }
    });
    if let Ok(source) = Source::open(&path) {
        for target in ["out.gck", "out.npz", "out.safetensors", "out"] {
            let options = Options {
                durability: Durability::Unsynced,
                ..Options::default()
            };
            if let Ok(written) = convert(&source, scratch::path(target), &options) {
                let again = Source::open(&written.target).expect("what was written opens");
                let tensors = again.tensors().expect("what was written is listed");
                assert_eq!(tensors.len(), written.tensors, "{target}");
            }
        }
    }
    for name in scratch::names() {
        let expected =
            name.starts_with("input.") || name.starts_with("out") || name == "checkpoint";
        assert!(expected, "{name} was left");
        fs::remove_file(scratch::path(&name)).expect("a temporary file can be removed");
    }
}
