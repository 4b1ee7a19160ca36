//! Writing a sorted table, with TensorFlow's constants and key shortening.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::block::BlockBuilder;
use super::format::{BLOCK_SIZE, Handle, PLAIN, RESTART_INTERVAL, footer};
use crate::crc;
use crate::error::{Error, Result};
use crate::name::Name;

/// Writes records in the order of their keys; memory stays at one block and the block index.
#[derive(Debug)]
pub struct TableWriter<W: Write> {
    out: W,
    path: PathBuf,
    written: u64,
    data: BlockBuilder,
    index: BlockBuilder,
    last_key: Vec<u8>,
    records: u64,
    /// The block just closed: its index record waits for the next key, to find a short separator.
    closed: Option<Handle>,
}

impl<W: Write> TableWriter<W> {
    /// Starts a table at the current position of `out`; `path` is what errors call it.
    pub fn new(out: W, path: &Path) -> TableWriter<W> {
        TableWriter {
            out,
            path: path.to_path_buf(),
            written: 0,
            data: BlockBuilder::new(RESTART_INTERVAL),
            index: BlockBuilder::new(1),
            last_key: Vec::new(),
            records: 0,
            closed: None,
        }
    }

    /// Appends a record.
    ///
    /// # Errors
    /// `InvalidArgument` if `key` does not sort after the one before, or if key or value exceed
    /// the format's 4 GiB; `Io` if writing fails.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if self.records > 0 && key <= self.last_key.as_slice() {
            let (key, last) = (Name::from(key), Name::from(self.last_key.as_slice()));
            let reason = format!("key \"{key}\" does not sort after \"{last}\"");
            return Err(Error::InvalidArgument(reason));
        }
        if u32::try_from(key.len()).is_err() || u32::try_from(value.len()).is_err() {
            let (name, bytes) = (Name::from(key), value.len());
            let reason = format!("a record of {bytes} bytes exceeds the table format's 4 GiB");
            return Err(Error::InvalidTensor { name, reason });
        }
        if self.records > 0 && key.len() + value.len() >= 2 * BLOCK_SIZE {
            self.close_block()?;
        }
        if let Some(handle) = self.closed.take() {
            let separator = separator(&self.last_key, key);
            self.index.add_handle(separator, handle);
        }
        self.data.add(key, value);
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.records += 1;
        if self.data.len() >= BLOCK_SIZE {
            self.close_block()?;
        }
        Ok(())
    }

    /// Writes what is open and the footer, and gives `out` back.
    ///
    /// # Errors
    /// `Io` if writing fails.
    pub fn finish(mut self) -> Result<W> {
        self.close_block()?;
        let metaindex = self.write_block(&mut BlockBuilder::new(RESTART_INTERVAL))?;
        if let Some(handle) = self.closed.take() {
            let successor = successor(&self.last_key).to_vec();
            self.index.add_handle(successor, handle);
        }
        let mut index = std::mem::replace(&mut self.index, BlockBuilder::new(1));
        let index = self.write_block(&mut index)?;
        self.write(&footer(metaindex, index))?;
        self.out.flush().map_err(Error::io("write", &self.path))?;
        Ok(self.out)
    }

    fn close_block(&mut self) -> Result<()> {
        if self.data.is_empty() {
            return Ok(());
        }
        let mut data = std::mem::replace(&mut self.data, BlockBuilder::new(RESTART_INTERVAL));
        self.closed = Some(self.write_block(&mut data)?);
        data.clear();
        self.data = data;
        Ok(())
    }

    fn write_block(&mut self, block: &mut BlockBuilder) -> Result<Handle> {
        let contents = block.finish();
        let handle = Handle {
            offset: self.written,
            size: contents.len() as u64,
        };
        let checksum = crc::extend(crc::crc32c(contents), &[PLAIN]);
        let mut trailer = [PLAIN, 0, 0, 0, 0];
        trailer[1..].copy_from_slice(&crc::mask(checksum).to_le_bytes());
        self.write(contents)?;
        self.write(&trailer)?;
        Ok(handle)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out
            .write_all(bytes)
            .map_err(Error::io("write", &self.path))?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// A short key at or after `last` and before `next` (`FindShortestSeparator`).
fn separator(last: &[u8], next: &[u8]) -> Vec<u8> {
    let shared = last.iter().zip(next).take_while(|(a, b)| a == b).count();
    if let (Some(&a), Some(&b)) = (last.get(shared), next.get(shared))
        && a < 0xff
        && a + 1 < b
    {
        let mut shorter = last[..=shared].to_vec();
        shorter[shared] = a + 1;
        return shorter;
    }
    last.to_vec()
}

/// A short key after `last` (`FindShortSuccessor`).
fn successor(last: &[u8]) -> Vec<u8> {
    let mut shorter = last.to_vec();
    if let Some(position) = last.iter().position(|&byte| byte != 0xff) {
        shorter.truncate(position + 1);
        shorter[position] += 1;
    }
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_as_short_as_tensorflows() {
        assert_eq!(separator(b"abcdef", b"abzz"), b"abd");
        assert_eq!(
            separator(b"abc", b"abd"),
            b"abc",
            "no byte fits between c and d"
        );
        assert_eq!(separator(b"ab", b"abc"), b"ab", "a prefix stays as it is");
        assert_eq!(separator(b"a\xff", b"b"), b"a\xff");
        assert_eq!(successor(b"delta"), b"e");
        assert_eq!(successor(b"\xff\xffa"), b"\xff\xffb");
        assert_eq!(successor(b"\xff"), b"\xff");
    }

    #[test]
    fn keys_out_of_order_are_refused() {
        let mut table = TableWriter::new(Vec::new(), Path::new("t"));
        table.add(b"b", b"").unwrap();
        assert!(table.add(b"b", b"").is_err(), "the same key twice");
        assert!(table.add(b"a", b"").is_err(), "a key that sorts before");
        table.add(b"c", b"").unwrap();
    }
}
