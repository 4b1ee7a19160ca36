//! Walking a sorted table.

use super::block::Record;
use super::reader::{Block, Table};
use crate::error::Result;

/// Walks a table's records in order.
#[derive(Debug)]
pub struct Cursor<'t> {
    table: &'t Table,
    next_block: usize,
    block: Option<Block<'t>>,
    position: usize,
    key: Vec<u8>,
    first: bool,
}

impl<'t> Cursor<'t> {
    /// Before the first record.
    pub(super) fn new(table: &'t Table) -> Cursor<'t> {
        Cursor {
            table,
            next_block: 0,
            block: None,
            position: 0,
            key: Vec::new(),
            first: true,
        }
    }

    /// The next record's key and value; `None` after the last.
    ///
    /// # Errors
    /// One of the errors for damage; keys out of order count as damage, since lookups would miss
    /// them.
    #[allow(clippy::should_implement_trait)] // the items borrow from the cursor
    pub fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        loop {
            let records = match &self.block {
                Some(block) => self.table.view(block, self.block_offset())?.records.len(),
                None => 0,
            };
            if self.position < records {
                break;
            }
            if self.next_block == self.table.block_count() {
                return Ok(None);
            }
            self.block = Some(self.table.data_block(self.next_block)?);
            self.next_block += 1;
            self.position = 0;
        }
        self.step()
    }

    fn step(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let offset = self.block_offset();
        let Some(block) = &self.block else {
            return Ok(None);
        };
        let records = self.table.view(block, offset)?.records;
        let mut rest = records.get(self.position..).unwrap_or_default();
        let record = Record::take(&mut rest).ok_or_else(|| {
            self.table
                .damaged(offset, "a record passes the end of its block")
        })?;
        if record.shared > self.key.len() || (self.position == 0 && record.shared > 0) {
            return Err(self.table.damaged(
                offset,
                "a key shares more bytes with the key before than that one has",
            ));
        }
        let rises = self.key.get(record.shared..).unwrap_or_default() < record.suffix;
        if !rises && !self.first {
            return Err(self.table.damaged(offset, "keys are not in order"));
        }
        self.first = false;
        self.key.truncate(record.shared);
        self.key.extend_from_slice(record.suffix);
        self.position = records.len() - rest.len();
        Ok(Some((&self.key, record.value)))
    }

    /// Where the block at hand starts in the file, for errors.
    fn block_offset(&self) -> u64 {
        let number = self.next_block.checked_sub(1);
        number.map_or(0, |number| self.table.block_offset(number))
    }
}
