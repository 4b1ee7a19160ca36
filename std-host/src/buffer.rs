//! Memory for the bytes of a tensor.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use memmap2::Mmap;

/// Bytes in memory, wherever they are.
pub(crate) struct Buffer(Memory);

enum Memory {
    Heap(Vec<u8>),
    File {
        map: Arc<Mmap>,
        start: usize,
        len: usize,
    },
}

impl Buffer {
    /// So many zeros.
    pub(crate) fn zeroed(len: usize) -> Buffer {
        Buffer(Memory::Heap(vec![0; len]))
    }

    /// A part of a mapped file; `None` if the file is not that long.
    pub(crate) fn of_file(map: Arc<Mmap>, start: u64, len: u64) -> Option<Buffer> {
        let (start, len) = (usize::try_from(start).ok()?, usize::try_from(len).ok()?);
        map.get(start..start.checked_add(len)?)?;
        Some(Buffer(Memory::File { map, start, len }))
    }

    /// The bytes, to write to; bytes of a file are copied first.
    pub(crate) fn make_mut(&mut self) -> &mut [u8] {
        if let Memory::File { .. } = self.0 {
            *self = Buffer::from(self.to_vec());
        }
        match &mut self.0 {
            Memory::Heap(bytes) => bytes,
            Memory::File { .. } => &mut [],
        }
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Memory::Heap(bytes) => bytes,
            _ => self.to_vec(),
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Memory::Heap(bytes) => bytes,
            Memory::File { map, start, len } => &map[*start..*start + *len],
        }
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Buffer {
        Buffer(Memory::Heap(bytes))
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        if let Memory::File { map, start, len } = &self.0 {
            return Buffer(Memory::File {
                map: Arc::clone(map),
                start: *start,
                len: *len,
            });
        }
        Buffer::from(self.to_vec())
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Buffer) -> bool {
        **self == **other
    }
}

impl Eq for Buffer {}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
