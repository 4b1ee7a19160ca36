//! The files of a bundle in the making: data files as they grow, and at the end the index.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::files::{data_path, index_path};
use super::header::Header;
use crate::crc;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::table::TableWriter;

/// Small tensors are gathered into writes of this size; large ones are written in such pieces, so
/// that a piece is still in the core's cache when it is written after its checksum was taken.
pub(super) const BUFFER: usize = 1 << 20;

/// Data files, all under temporary names until [`Output::finish`]. The last one grows.
#[derive(Debug)]
pub(super) struct Output {
    prefix: PathBuf,
    shards: Vec<ShardOutput>,
    failed: bool,
}

/// One data file in the making.
#[derive(Debug)]
pub(super) struct ShardOutput {
    staged: Staged,
    buffer: Vec<u8>,
    offset: u64,
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
        let mut output = Output {
            prefix: prefix.to_path_buf(),
            shards: Vec::new(),
            failed: false,
        };
        output.next_shard()?;
        Ok(output)
    }

    /// Number of the data file that grows at present, from 0.
    pub(super) fn shard(&self) -> u32 {
        (self.shards.len() as u32).saturating_sub(1)
    }

    /// Where in that file the next byte goes.
    pub(super) fn offset(&self) -> u64 {
        self.shards.last().map_or(0, |shard| shard.offset)
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
        let number = self.shards.len() as u32;
        let staged = Staged::beside(&data_path(&self.prefix, number, number + 1))?;
        self.shards.push(ShardOutput {
            staged,
            buffer: Vec::new(),
            offset: 0,
        });
        Ok(())
    }

    /// The data file that grows and `count - 1` new ones after it.
    pub(super) fn spread(&mut self, count: usize) -> Result<&mut [ShardOutput]> {
        let first = self.shards.len() - 1;
        while self.shards.len() < first + count {
            self.next_shard()?;
        }
        Ok(&mut self.shards[first..])
    }

    /// Appends bytes to the data file.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.append_with(|shard, _| shard.append(bytes))
    }

    /// Lets `append` write to the data file, whose number it is told.
    pub(super) fn append_with<T>(
        &mut self,
        append: impl FnOnce(&mut ShardOutput, u32) -> Result<T>,
    ) -> Result<T> {
        let number = self.shard();
        let appended = match self.shards.last_mut() {
            Some(shard) => append(shard, number),
            None => Err(Error::Unfinished {
                prefix: self.prefix.clone(),
            }),
        };
        self.failed |= appended.is_err();
        appended
    }

    /// Writes the index and gives all files their names, data first, the index last.
    pub(super) fn finish(
        mut self,
        header: &Header,
        entries: &BTreeMap<Name, Entry>,
        durability: Durability,
    ) -> Result<()> {
        self.check()?;
        for shard in &mut self.shards {
            shard.flush()?;
            shard.staged.sync(durability)?;
        }
        let index = stage_index(&self.prefix, header, entries, durability)?;
        for (number, shard) in (0..).zip(self.shards) {
            shard
                .staged
                .commit(&data_path(&self.prefix, number, header.shards))?;
        }
        commit_index(&self.prefix, index, durability)
    }
}

impl ShardOutput {
    /// Where in the file the next byte goes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Appends bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() < BUFFER {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= BUFFER {
                self.flush()?;
            }
        } else {
            self.flush()?;
            self.write(bytes)?;
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Appends bytes; their checksum.
    pub(super) fn append_checked(&mut self, bytes: &[u8]) -> Result<u32> {
        let mut crc32c = 0;
        for piece in bytes.chunks(BUFFER) {
            crc32c = crc::extend(crc32c, piece);
            self.append(piece)?;
        }
        Ok(crc32c)
    }

    fn flush(&mut self) -> Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.write(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        written
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.staged
            .write_all(bytes)
            .map_err(Error::io("write", self.staged.path()))
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
