//! Checking tensors against their checksums in the index.

use super::check::{Checker, Misfit};
use super::entry::{Entry, Layout, Location};
use super::reader::Reader;
use super::shard::Shard;
use super::transfer;
use crate::error::{Error, Result};

/// How much of a tensor is in memory while it is only checked.
const CHUNK: usize = 1 << 20;

impl Reader {
    /// Reads everything and compares every checksum, in memory that does not grow with the
    /// bundle. The number of bytes checked.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self) -> Result<u64> {
        self.verify_index()?;
        let mut buffer = vec![0; CHUNK];
        let mut total = 0;
        for entry in self.stored_entries()? {
            if let Layout::Whole(location) = &entry.layout {
                self.verify_stored(&entry, location, &mut buffer)?;
                total += location.size;
            }
        }
        Ok(total)
    }

    fn verify_stored(&self, entry: &Entry, location: &Location, buffer: &mut [u8]) -> Result<()> {
        if entry.dtype.size().is_none() {
            return self.stream(entry, location, buffer, |_| Ok(()));
        }
        let shard = self.locate(entry, location)?;
        let checksum = transfer::checksum(&shard, location.offset, location.size);
        let checksum = checksum.map_err(Error::io("read", &shard.path))?;
        self.judge(Ok(checksum), &shard, entry, location)
    }

    /// Passes the stored bytes of a tensor to `each` in chunks, and checks them at the end.
    pub(super) fn stream(
        &self,
        entry: &Entry,
        location: &Location,
        buffer: &mut [u8],
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let shard = self.locate(entry, location)?;
        let mut checker = self.checker(entry);
        let mut misfit = None;
        let mut done = 0;
        while done < location.size {
            let left = usize::try_from(location.size - done).unwrap_or(usize::MAX);
            let chunk = left.min(buffer.len());
            let part = &mut buffer[..chunk];
            self.read_at(&shard, location.offset + done, part)?;
            if misfit.is_none() {
                misfit = checker.update(part).err();
            }
            each(part)?;
            done += chunk as u64;
        }
        let checked = misfit.map_or_else(|| checker.finish(), Err);
        self.judge(checked, &shard, entry, location)
    }

    /// The checksum of the stored bytes of a tensor.
    pub(super) fn check(&self, entry: &Entry, bytes: &[u8]) -> Result<u32, Misfit> {
        Checker::of(
            entry.dtype,
            entry.element_count(),
            self.header().endianness,
            bytes,
        )
    }

    fn checker(&self, entry: &Entry) -> Checker {
        Checker::new(entry.dtype, entry.element_count(), self.header().endianness)
    }

    /// The error of a checksum that is not the one in the index.
    pub(super) fn judge(
        &self,
        checked: Result<u32, Misfit>,
        shard: &Shard,
        entry: &Entry,
        location: &Location,
    ) -> Result<()> {
        let (path, name) = (shard.path.clone(), entry.name.clone());
        let computed = checked.map_err(|misfit| Error::DamagedTensor {
            path: path.clone(),
            name: name.clone(),
            offset: location.offset.saturating_add(misfit.position),
            reason: misfit.reason,
        })?;
        if computed == location.crc32c {
            return Ok(());
        }
        let Location {
            offset,
            size,
            crc32c: stored,
            ..
        } = *location;
        Err(Error::TensorChecksum {
            path,
            name,
            offset,
            size,
            stored,
            computed,
        })
    }
}
