//! One block: records whose keys share prefixes, with restart points to search from.

use super::format::Handle;
use crate::varint;

/// Builds the contents of a block.
#[derive(Debug)]
pub(super) struct BlockBuilder {
    contents: Vec<u8>,
    restarts: Vec<u32>,
    interval: usize,
    since_restart: usize,
    last_key: Vec<u8>,
}

impl BlockBuilder {
    /// An empty block in which every `interval`-th key is stored whole.
    pub(super) fn new(interval: usize) -> BlockBuilder {
        BlockBuilder {
            contents: Vec::new(),
            restarts: vec![0],
            interval,
            since_restart: 0,
            last_key: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.contents.clear();
        self.restarts.truncate(1);
        self.since_restart = 0;
        self.last_key.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Bytes the block will have.
    pub(super) fn len(&self) -> usize {
        self.contents.len() + 4 * self.restarts.len() + 4
    }

    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut shared = 0;
        if self.since_restart < self.interval {
            shared = self
                .last_key
                .iter()
                .zip(key)
                .take_while(|(a, b)| a == b)
                .count();
        } else {
            self.restarts.push(self.contents.len() as u32);
            self.since_restart = 0;
        }
        varint::put(&mut self.contents, shared as u64);
        varint::put(&mut self.contents, (key.len() - shared) as u64);
        varint::put(&mut self.contents, value.len() as u64);
        self.contents.extend_from_slice(&key[shared..]);
        self.contents.extend_from_slice(value);
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(&key[shared..]);
        self.since_restart += 1;
    }

    pub(super) fn add_handle(&mut self, key: Vec<u8>, handle: Handle) {
        let mut value = Vec::with_capacity(20);
        handle.put(&mut value);
        self.add(&key, &value);
    }

    /// Appends the restart points; the block is complete.
    pub(super) fn finish(&mut self) -> &[u8] {
        for restart in &self.restarts {
            self.contents.extend_from_slice(&restart.to_le_bytes());
        }
        self.contents
            .extend_from_slice(&(self.restarts.len() as u32).to_le_bytes());
        &self.contents
    }
}

/// The parts of a block's contents.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockView<'a> {
    pub(super) records: &'a [u8],
    restarts: &'a [u8],
}

impl<'a> BlockView<'a> {
    /// Splits records and restart points; the reason if they do not fit.
    pub(super) fn parse(contents: &'a [u8]) -> Result<BlockView<'a>, &'static str> {
        let (rest, count) = contents
            .split_last_chunk::<4>()
            .ok_or("a block ends within its restart count")?;
        let restarts = u32::from_le_bytes(*count) as usize;
        let records = restarts
            .checked_mul(4)
            .and_then(|bytes| rest.len().checked_sub(bytes))
            .ok_or("a block has more restart points than bytes")?;
        let (records, restarts) = rest.split_at(records);
        Ok(BlockView { records, restarts })
    }

    /// Offset of the last restart point whose key is not after `key`, to search from; 0 if there
    /// is none or the restart points are of no use.
    pub(super) fn restart_before(&self, key: &[u8]) -> usize {
        let points = self.restarts.as_chunks::<4>().0;
        let not_after = points.partition_point(|point| {
            let offset = u32::from_le_bytes(*point) as usize;
            self.whole_key(offset).is_some_and(|found| found <= key)
        });
        not_after
            .checked_sub(1)
            .and_then(|index| points.get(index))
            .map_or(0, |point| u32::from_le_bytes(*point) as usize)
    }

    fn whole_key(&self, offset: usize) -> Option<&'a [u8]> {
        let mut rest = self.records.get(offset..)?;
        let record = Record::take(&mut rest)?;
        (record.shared == 0).then_some(record.suffix)
    }
}

/// A record as stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// Bytes that its key has in common with the key before.
    pub(super) shared: usize,
    /// The rest of the key.
    pub(super) suffix: &'a [u8],
    pub(super) value: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes a record off the front of `bytes`.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Option<Record<'a>> {
        let mut rest = *bytes;
        let shared = varint::take_u32(&mut rest)? as usize;
        let unshared = varint::take_u32(&mut rest)? as usize;
        let length = varint::take_u32(&mut rest)? as usize;
        let (suffix, rest) = rest.split_at_checked(unshared)?;
        let (value, rest) = rest.split_at_checked(length)?;
        *bytes = rest;
        Some(Record {
            shared,
            suffix,
            value,
        })
    }
}
