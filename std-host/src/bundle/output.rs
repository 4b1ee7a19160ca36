//! The files of a bundle in the making: data files as they grow, and at the end the index.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::files::{data_path, index_path};
use super::header::Header;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::table::TableWriter;

/// Small tensors are gathered into writes of this size.
pub(super) const BUFFER: usize = 1 << 20;

/// Data files, all under temporary names until [`Output::finish`].
#[derive(Debug)]
pub(super) struct Output {
    prefix: PathBuf,
    finished: Vec<Staged>,
    shard: Staged,
    buffer: Vec<u8>,
    offset: u64,
    failed: bool,
}

impl Output {
    /// Starts the first data file of a bundle with this prefix. Missing folders are made.
    pub(super) fn create(prefix: &Path) -> Result<Output> {
        if prefix.file_name().is_none() {
            let prefix = prefix.display();
            let reason = format!("\"{prefix}\" is no prefix: it must end with a file name");
            return Err(Error::InvalidArgument(reason));
        }
        create_folder_of(prefix)?;
        Ok(Output {
            prefix: prefix.to_path_buf(),
            finished: Vec::new(),
            shard: Staged::beside(&data_path(prefix, 0, 1))?,
            buffer: Vec::new(),
            offset: 0,
            failed: false,
        })
    }

    /// Number of the data file that grows at present, from 0.
    pub(super) fn shard(&self) -> u32 {
        self.finished.len() as u32
    }

    /// Where in that file the next byte goes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// An error if a write failed before.
    pub(super) fn check(&self) -> Result<()> {
        match self.failed {
            true => Err(Error::Unfinished {
                prefix: self.prefix.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Marks what was written as useless.
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    /// Starts the next data file.
    pub(super) fn next_shard(&mut self) -> Result<()> {
        self.flush()?;
        let number = self.shard() + 1;
        let next = Staged::beside(&data_path(&self.prefix, number, number + 1))?;
        self.finished.push(std::mem::replace(&mut self.shard, next));
        self.offset = 0;
        Ok(())
    }

    /// Appends bytes to the data file.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() < BUFFER {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= BUFFER {
                self.flush()?;
            }
        } else {
            self.flush()?;
            let written = self.shard.write_all(bytes);
            self.note(written)?;
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Writes the index and gives all files their names, data first, the index last.
    pub(super) fn finish(
        mut self,
        header: &Header,
        entries: &BTreeMap<Name, Entry>,
        durability: Durability,
    ) -> Result<()> {
        self.flush()?;
        self.check()?;
        let mut shards = self.finished;
        shards.push(self.shard);
        for shard in &shards {
            shard.sync(durability)?;
        }
        let index = stage_index(&self.prefix, header, entries, durability)?;
        for (number, shard) in (0..).zip(shards) {
            shard.commit(&data_path(&self.prefix, number, header.shards))?;
        }
        commit_index(&self.prefix, index, durability)
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.shard.write_all(&self.buffer);
        self.buffer.clear();
        self.note(written)
    }

    fn note(&mut self, written: io::Result<()>) -> Result<()> {
        self.failed |= written.is_err();
        written.map_err(Error::io("write", self.shard.path()))
    }
}

/// Writes an index beside its final name.
pub(super) fn stage_index(
    prefix: &Path,
    header: &Header,
    entries: &BTreeMap<Name, Entry>,
    durability: Durability,
) -> Result<Staged> {
    let staged = Staged::beside(&index_path(prefix))?;
    let path = staged.path().to_path_buf();
    let mut table = TableWriter::new(io::BufWriter::new(staged), &path);
    table.add(b"", &header.encode())?;
    for (name, entry) in entries {
        table.add(name, &entry.encode())?;
    }
    let staged = table.finish()?.into_inner().map_err(|error| {
        let source = error.into_error();
        Error::Io {
            action: "write",
            path,
            source,
        }
    })?;
    staged.sync(durability)?;
    Ok(staged)
}

/// Gives an index its name, after the data files have theirs.
pub(super) fn commit_index(prefix: &Path, index: Staged, durability: Durability) -> Result<()> {
    sync_folder_of(prefix, durability)?;
    index.commit(&index_path(prefix))?;
    sync_folder_of(prefix, durability)
}
