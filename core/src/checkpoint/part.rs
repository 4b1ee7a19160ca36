//! A part of a checkpoint, put together before it is written.

/// The longest part: a block of 32 elements as bfloat16, or a record's dimensions with what stands
/// before them. A name or metadata is put a piece at a time.
pub(super) const LONGEST: usize = 68;

/// Zero bytes before what starts aligned.
const PADDING: usize = 3;

/// Bytes that are put one behind the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    len: u8,
    bytes: [u8; LONGEST],
}

impl Part {
    pub(super) const EMPTY: Self = Self {
        len: 0,
        bytes: [0; LONGEST],
    };

    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    #[inline(never)]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.len.into()..).unwrap_or_default();
        self.len += copy(bytes, room) as u8;
    }

    /// Puts `most` bytes at most, and leaves room for padding; returns how many.
    pub(super) fn put_some(&mut self, bytes: &[u8], most: u8) -> u8 {
        let room = (LONGEST - PADDING).saturating_sub(self.len.into());
        let len = bytes.len().min(room).min(most.into());
        self.put(bytes.get(..len).unwrap_or_default());
        len as u8
    }

    /// Replaces what was put at `start`.
    pub(super) fn set(&mut self, start: usize, bytes: &[u8]) {
        copy(bytes, self.bytes.get_mut(start..).unwrap_or_default());
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len.into()).unwrap_or_default()
    }
}

/// Copies as many of `bytes` as there is room for; returns how many.
pub(crate) fn copy(bytes: &[u8], room: &mut [u8]) -> usize {
    let len = bytes.len().min(room.len());
    if let (Some(room), Some(bytes)) = (room.get_mut(..len), bytes.get(..len)) {
        room.copy_from_slice(bytes);
    }
    len
}
