//! Opening a sorted table, checking its blocks, and looking a key up.

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::Mmap;

use super::block::{BlockView, Record};
use super::cursor::Cursor;
use super::format::{FOOTER_LEN, Handle, MAGIC, PLAIN, SNAPPY, TRAILER_LEN, footer};
use crate::crc;
use crate::error::{Error, Result};
use crate::mmap;

/// Snappy's densest element makes 64 bytes from 3; a block that claims more is a bomb.
const MOST_EXPANSION: usize = 32;

/// An open table. Blocks are checked against their checksums when they are first read.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    contents: Contents,
    index: Block<'static>,
    /// The empty block that TensorFlow puts before the index, and the index.
    footer: (Handle, Handle),
    blocks: Vec<Handle>,
    checked: Vec<AtomicBool>,
}

#[derive(Debug)]
enum Contents {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

/// Contents of a block: a part of the file, or decompressed.
#[derive(Clone, Debug)]
pub(super) enum Block<'t> {
    InFile(Range<usize>),
    Decompressed(Cow<'t, [u8]>),
}

impl Table {
    /// Opens the table in a file and checks footer and block index.
    ///
    /// # Errors
    /// `Io`, [`Error::NotATable`] if the footer is missing, or one of the errors for damage.
    pub fn open(path: &Path) -> Result<Table> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let about = file.metadata().map_err(Error::io("examine", path))?;
        if !about.is_file() {
            let reason = "it is a folder or a device; pass a checkpoint's prefix".to_owned();
            return Err(Error::NotATable {
                path: path.to_path_buf(),
                reason,
            });
        }
        if about.len() < FOOTER_LEN as u64 {
            // Too short to map, and the error says so.
            let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
            return Table::from_contents(path, Contents::Owned(bytes));
        }
        let mapped = mmap::map(&file).map_err(Error::io("map", path))?;
        Table::from_contents(path, Contents::Mapped(mapped))
    }

    /// Opens a table that is in memory; `path` is what errors call it.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Table> {
        Table::from_contents(path, Contents::Owned(bytes))
    }

    /// Whether the file at `path` ends as a table does: enough to tell a V1 checkpoint from other
    /// files without reading it.
    pub fn is_table(path: &Path) -> bool {
        use std::io::{Read, Seek, SeekFrom};
        let mut tail = [0; 8];
        let read = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::End(-8))?;
            file.read_exact(&mut tail)
        });
        read.is_ok() && u64::from_le_bytes(tail) == MAGIC
    }

    fn from_contents(path: &Path, contents: Contents) -> Result<Table> {
        let not_a_table = |reason: &str| {
            let reason = reason.to_owned();
            Err(Error::NotATable {
                path: path.to_path_buf(),
                reason,
            })
        };
        let bytes = contents.bytes();
        let Some(end) = bytes.last_chunk::<FOOTER_LEN>() else {
            let (found, least) = (bytes.len(), FOOTER_LEN);
            return not_a_table(&format!(
                "it has {found} bytes, the footer alone takes {least}"
            ));
        };
        let (mut handles, magic) = end.split_at(FOOTER_LEN - 8);
        if magic != MAGIC.to_le_bytes() {
            return not_a_table(
                "its last eight bytes are not the format's magic number: the file was cut, is \
                 damaged, or is something else (a .data file, a state file)",
            );
        }
        let footer_at = (bytes.len() - FOOTER_LEN) as u64;
        let damaged = |offset, reason: &str| Error::DamagedTable {
            path: path.to_path_buf(),
            offset,
            reason: reason.to_owned(),
        };
        let (metaindex, index) = Handle::take(&mut handles)
            .and_then(|metaindex| Some((metaindex, Handle::take(&mut handles)?)))
            .ok_or_else(|| damaged(footer_at, "the footer holds no block handles"))?;
        let mut table = Table {
            path: path.to_path_buf(),
            contents,
            index: Block::Decompressed(Cow::Borrowed(&[])),
            footer: (metaindex, index),
            blocks: Vec::new(),
            checked: Vec::new(),
        };
        table.index = table.load(index, true)?.into_static();
        table.blocks = table.read_index(index.offset)?;
        table.checked = table
            .blocks
            .iter()
            .map(|_| AtomicBool::new(false))
            .collect();
        Ok(table)
    }

    /// The file this table was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where data block `number` starts in the file; 0 if there is none.
    pub(super) fn block_offset(&self, number: usize) -> u64 {
        self.blocks.get(number).map_or(0, |handle| handle.offset)
    }

    /// Number of data blocks.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// Length of the file.
    pub fn file_len(&self) -> u64 {
        self.contents.bytes().len() as u64
    }

    /// A cursor before the first record.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor::new(self)
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// One of the errors for damage, if the block that would hold the key is damaged.
    pub fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        let Some(number) = self.block_for(key)? else {
            return Ok(None);
        };
        let block = self.data_block(number)?;
        let view = self.view(&block, self.blocks[number].offset)?;
        let start = view.restart_before(key);
        let mut rest = view.records.get(start..).unwrap_or_default();
        let mut current = Vec::new();
        while !rest.is_empty() {
            let record = self.next_record(&mut rest, &mut current, self.blocks[number].offset)?;
            if current.as_slice() == key {
                return Ok(Some(match &block {
                    Block::InFile(_) => Cow::Borrowed(self.in_file(record.value)),
                    Block::Decompressed(_) => Cow::Owned(record.value.to_vec()),
                }));
            }
            if current.as_slice() > key {
                break;
            }
        }
        Ok(None)
    }

    /// Checks what is not needed for reading too: all blocks, the empty block before the index, and
    /// the footer. With that, a change of any byte is noticed.
    ///
    /// # Errors
    /// One of the errors for damage.
    pub fn verify(&self) -> Result<()> {
        let mut cursor = self.cursor();
        while cursor.next()?.is_some() {}
        self.load(self.footer.0, true)?;
        let (metaindex, index) = self.footer;
        if !self.contents.bytes().ends_with(&footer(metaindex, index)) {
            let offset = self.file_len() - FOOTER_LEN as u64;
            return Err(self.damaged(offset, "the footer holds more than its handles and zeros"));
        }
        Ok(())
    }

    /// `part` of the file's bytes, with the table's lifetime rather than the block's.
    fn in_file(&self, part: &[u8]) -> &[u8] {
        let all = self.contents.bytes();
        let start = (part.as_ptr() as usize).wrapping_sub(all.as_ptr() as usize);
        all.get(start..start.wrapping_add(part.len()))
            .unwrap_or_default()
    }

    /// Number of the block that would hold `key`.
    fn block_for(&self, key: &[u8]) -> Result<Option<usize>> {
        let view = BlockView::parse(self.block_bytes(&self.index))
            .map_err(|reason| self.damaged(0, reason))?;
        let mut rest = view
            .records
            .get(view.restart_before(key)..)
            .unwrap_or_default();
        let mut separator = Vec::new();
        while !rest.is_empty() {
            let record = self.next_record(&mut rest, &mut separator, 0)?;
            if separator.as_slice() >= key {
                let mut value = record.value;
                let offset = Handle::take(&mut value).map(|handle| handle.offset);
                return Ok(offset.and_then(|offset| {
                    self.blocks
                        .binary_search_by_key(&offset, |handle| handle.offset)
                        .ok()
                }));
            }
        }
        Ok(None)
    }

    /// Handles of all data blocks, checked to lie one after the other within the file.
    fn read_index(&self, index_at: u64) -> Result<Vec<Handle>> {
        let view = self.view(&self.index, index_at)?;
        let mut rest = view.records;
        let mut key = Vec::new();
        let mut blocks = Vec::new();
        let mut free = 0;
        while !rest.is_empty() {
            let record = self.next_record(&mut rest, &mut key, index_at)?;
            let mut value = record.value;
            let handle = Handle::take(&mut value)
                .ok_or_else(|| self.damaged(index_at, "a block handle is cut short"))?;
            let end = handle.end().filter(|&end| end <= self.file_len());
            let Some(end) = end.filter(|_| handle.offset >= free) else {
                return Err(self.damaged(
                    handle.offset,
                    "the block index names a block that overlaps another or passes the file's end",
                ));
            };
            free = end;
            blocks.push(handle);
        }
        Ok(blocks)
    }

    pub(super) fn data_block(&self, number: usize) -> Result<Block<'_>> {
        let checked = &self.checked[number];
        let block = self.load(self.blocks[number], !checked.load(Ordering::Relaxed))?;
        checked.store(true, Ordering::Relaxed);
        Ok(block)
    }

    fn load(&self, handle: Handle, check: bool) -> Result<Block<'_>> {
        let all = self.contents.bytes();
        let end = handle
            .end()
            .filter(|&end| end <= all.len() as u64)
            .ok_or_else(|| {
                self.damaged(
                    handle.offset,
                    "a block passes the end of the file; the file was cut",
                )
            })?;
        // Both fit usize: they are within the length of a slice.
        let (start, end) = (handle.offset as usize, end as usize);
        let contents = start..end - TRAILER_LEN;
        let (kind, stored) = match all[end - TRAILER_LEN..end] {
            [kind, a, b, c, d] => (kind, crc::unmask(u32::from_le_bytes([a, b, c, d]))),
            _ => return Err(self.damaged(handle.offset, "a block has no trailer")),
        };
        if check {
            let computed = crc::crc32c(&all[start..end - TRAILER_LEN + 1]);
            if computed != stored {
                return Err(Error::BlockChecksum {
                    path: self.path.clone(),
                    offset: handle.offset,
                    size: handle.size,
                    stored,
                    computed,
                });
            }
        }
        match kind {
            PLAIN => Ok(Block::InFile(contents)),
            SNAPPY => self.decompress(&all[contents], handle.offset),
            _ => Err(self.damaged(
                handle.offset,
                &format!("compression type {kind} is unknown (0 is none, 1 is snappy)"),
            )),
        }
    }

    fn decompress(&self, compressed: &[u8], offset: u64) -> Result<Block<'_>> {
        let failed = |error: snap::Error| {
            self.damaged(
                offset,
                &format!("a snappy block does not decompress: {error}"),
            )
        };
        let len = snap::raw::decompress_len(compressed).map_err(failed)?;
        if len > compressed.len().saturating_mul(MOST_EXPANSION) {
            let found = compressed.len();
            let reason = format!("a snappy block of {found} bytes claims to hold {len}");
            return Err(self.damaged(offset, &reason));
        }
        let bytes = snap::raw::Decoder::new()
            .decompress_vec(compressed)
            .map_err(failed)?;
        Ok(Block::Decompressed(Cow::Owned(bytes)))
    }

    fn block_bytes<'a>(&'a self, block: &'a Block<'_>) -> &'a [u8] {
        match block {
            Block::InFile(range) => &self.contents.bytes()[range.clone()],
            Block::Decompressed(bytes) => bytes,
        }
    }

    pub(super) fn view<'a>(&'a self, block: &'a Block<'_>, offset: u64) -> Result<BlockView<'a>> {
        BlockView::parse(self.block_bytes(block)).map_err(|reason| self.damaged(offset, reason))
    }

    /// Takes the next record and completes its key from the one before.
    fn next_record<'a>(
        &self,
        rest: &mut &'a [u8],
        key: &mut Vec<u8>,
        block_at: u64,
    ) -> Result<Record<'a>> {
        let record = Record::take(rest)
            .ok_or_else(|| self.damaged(block_at, "a record passes the end of its block"))?;
        if record.shared > key.len() {
            return Err(self.damaged(
                block_at,
                "a key shares more bytes with the key before than that one has",
            ));
        }
        key.truncate(record.shared);
        key.extend_from_slice(record.suffix);
        Ok(record)
    }

    pub(super) fn damaged(&self, offset: u64, reason: &str) -> Error {
        Error::DamagedTable {
            path: self.path.clone(),
            offset,
            reason: reason.to_owned(),
        }
    }
}

impl Contents {
    fn bytes(&self) -> &[u8] {
        match self {
            Contents::Mapped(map) => map,
            Contents::Owned(bytes) => bytes,
        }
    }
}

impl Block<'_> {
    fn into_static(self) -> Block<'static> {
        match self {
            Block::InFile(range) => Block::InFile(range),
            Block::Decompressed(bytes) => Block::Decompressed(Cow::Owned(bytes.into_owned())),
        }
    }
}
