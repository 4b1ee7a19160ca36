//! The only `unsafe` of this crate: mapping a file into memory.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// Maps the whole of `file` for reading.
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is read-only and private to this process, and every reader of it checks
    // bounds against the mapped length. If another process truncates the file meanwhile, the
    // kernel ends this process with SIGBUS; contents that change are caught by the checksums or
    // are as harmless as any other bytes, since no type with invalid values is read from them.
    unsafe { Mmap::map(file) }
}
