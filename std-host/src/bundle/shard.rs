//! A data file, opened for reading.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use memmap2::Mmap;

use crate::error::{Error, Result};
use crate::mmap;

/// An open data file.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) path: PathBuf,
    pub(super) len: u64,
    file: File,
    map: OnceLock<Arc<Mmap>>,
}

impl Shard {
    pub(super) fn open(path: PathBuf) -> Result<Shard> {
        let file = File::open(&path).map_err(Error::io("open data file", &path))?;
        let about = file.metadata().map_err(Error::io("examine", &path))?;
        if !about.is_file() {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "it is not a file");
            return Err(Error::Io {
                action: "open data file",
                path,
                source,
            });
        }
        Ok(Shard {
            path,
            len: about.len(),
            file,
            map: OnceLock::new(),
        })
    }

    /// The file's contents, mapped.
    pub(super) fn map(&self) -> Result<Arc<Mmap>> {
        if let Some(map) = self.map.get() {
            return Ok(Arc::clone(map));
        }
        let map = mmap::map(&self.file).map_err(Error::io("map", &self.path))?;
        Ok(Arc::clone(self.map.get_or_init(|| Arc::new(map))))
    }

    /// Fills `buffer` from `offset` on.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read_exact_at(&self.file, offset, buffer)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !buffer.is_empty() {
        match file.seek_read(buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                offset += count as u64;
                buffer = buffer.get_mut(count..).unwrap_or_default();
            }
        }
    }
    Ok(())
}
