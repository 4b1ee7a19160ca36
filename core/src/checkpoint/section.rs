//! A part of a checkpoint, written as far as there is room.

use crate::tensor::View;

/// A part of the checkpoint being written: the first `skip` bytes are out already, and only as
/// many as fit go out now. So no part needs a buffer of its own.
pub(super) struct Section<'a> {
    skip: usize,
    out: &'a mut [u8],
    written: usize,
    total: usize,
}

impl<'a> Section<'a> {
    /// A part of which `skip` bytes are out; the next ones go to `out`.
    pub(super) const fn new(skip: usize, out: &'a mut [u8]) -> Self {
        Self {
            skip,
            out,
            written: 0,
            total: 0,
        }
    }

    /// Only counts what is put.
    pub(super) const fn counting() -> Self {
        Section::new(usize::MAX, &mut [])
    }

    /// Bytes of the part so far.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// Bytes that went out now.
    pub(super) const fn written(&self) -> usize {
        self.written
    }

    /// Whether the whole part is out.
    pub(super) const fn is_complete(&self) -> bool {
        self.skip + self.written >= self.total
    }

    /// Appends `bytes`.
    #[inline(never)]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let behind = self.skip.saturating_sub(self.total);
        self.total += bytes.len();
        let new = bytes.get(behind..).unwrap_or_default();
        self.written += copy(new, self.out.get_mut(self.written..).unwrap_or_default());
    }

    /// Appends up to three zero bytes.
    pub(super) fn put_padding(&mut self, len: usize) {
        self.put([0; 3].get(..len).unwrap_or_default());
    }

    /// Appends `count` little-endian elements of `view` from element `first` on, many at a time.
    pub(super) fn put_elements(&mut self, view: &View<'_>, first: usize, count: usize) {
        let size = view.dtype().size();
        let start = self.total;
        self.total += count * size;
        let mut at = self.skip.max(start);
        while at < self.total {
            let room = self.out.get_mut(self.written..).unwrap_or_default();
            let fits = room.len().min(self.total - at);
            let room = room.get_mut(..fits).unwrap_or_default();
            let (element, within) = (first + (at - start) / size, (at - start) % size);
            let mut len = if within == 0 {
                view.copy_le(element, room)
            } else {
                0
            };
            if len == 0 {
                // An element that the caller's slices cut in two.
                let mut bytes = [0; 8];
                view.copy_le(element, &mut bytes);
                len = copy(bytes.get(within..size).unwrap_or_default(), room);
            }
            if len == 0 {
                return;
            }
            self.written += len;
            at += len;
        }
    }
}

/// Copies as much of `bytes` as there is room for; returns how much.
fn copy(bytes: &[u8], room: &mut [u8]) -> usize {
    let len = bytes.len().min(room.len());
    if let (Some(room), Some(bytes)) = (room.get_mut(..len), bytes.get(..len)) {
        room.copy_from_slice(bytes);
    }
    len
}
