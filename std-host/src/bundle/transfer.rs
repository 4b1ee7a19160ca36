//! Bytes of a data file with their checksum, on several cores where there are many bytes.

use std::io;
use std::thread;

use super::shard::Shard;
use crate::crc;

/// What is read at a time: little enough to be in the core's cache still when it is checked.
const CHUNK: usize = 256 << 10;

/// Fills `buffer` from `offset` on; the checksum of what it holds then.
pub(super) fn fill(shard: &Shard, offset: u64, buffer: &mut [u8]) -> io::Result<u32> {
    let part = part_len(buffer.len());
    let parts = buffer.chunks_mut(part).scan(offset, |next, bytes| {
        let start = *next;
        *next += bytes.len() as u64;
        let len = bytes.len();
        Some((len, move || {
            let mut crc32c = 0;
            let mut at = start;
            for chunk in bytes.chunks_mut(CHUNK) {
                shard.read_at(at, chunk)?;
                crc32c = crc::extend(crc32c, chunk);
                at += chunk.len() as u64;
            }
            Ok(crc32c)
        }))
    });
    on_all_cores(parts)
}

/// The checksum of `size` bytes from `offset` on.
pub(super) fn checksum(shard: &Shard, offset: u64, size: u64) -> io::Result<u32> {
    let part = part_len(usize::try_from(size).unwrap_or(usize::MAX)) as u64;
    let starts = (0..size).step_by(usize::try_from(part).unwrap_or(usize::MAX));
    let parts = starts.map(|start| {
        let len = part.min(size - start);
        (len as usize, move || {
            let mut buffer = vec![0; CHUNK.min(len as usize)];
            let mut crc32c = 0;
            let mut done = 0;
            while done < len {
                let left = usize::try_from(len - done).unwrap_or(usize::MAX);
                let count = buffer.len().min(left);
                let chunk = &mut buffer[..count];
                shard.read_at(offset + start + done, chunk)?;
                crc32c = crc::extend(crc32c, chunk);
                done += count as u64;
            }
            Ok(crc32c)
        })
    });
    on_all_cores(parts)
}

/// How many bytes a core takes of so many.
fn part_len(len: usize) -> usize {
    len.div_ceil(crc::threads_for(len)).max(1)
}

/// Runs the parts at the same time, the first on this thread; the checksum of all of them.
fn on_all_cores<F>(mut parts: impl Iterator<Item = (usize, F)>) -> io::Result<u32>
where
    F: FnOnce() -> io::Result<u32> + Send,
{
    let Some((_, first)) = parts.next() else {
        return Ok(0);
    };
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|(len, part)| (len, scope.spawn(part))).collect();
        let mut crc32c = first()?;
        for (len, part) in others {
            let joined = part
                .join()
                .map_err(|_| io::Error::other("a reading thread died"))?;
            crc32c = crc::combine(crc32c, joined?, len);
        }
        Ok(crc32c)
    })
}
