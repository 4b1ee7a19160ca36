//! Elements that are written as they are.

use super::part::Part;
use crate::tensor::View;

/// A run of elements. On a little-endian machine it is written from where it lies, in one piece;
/// on others it is turned round in a part, as much at a time as fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elements {
    first: u32,
    /// Elements of this piece, and behind it.
    count: u32,
    left: u32,
}

impl Elements {
    pub(super) const NONE: Self = Self {
        first: 0,
        count: 0,
        left: 0,
    };

    pub(super) const fn is_none(&self) -> bool {
        self.count == 0
    }

    /// Where the run ends that this is the last piece of.
    #[cfg(feature = "encodings")]
    pub(super) const fn end(&self) -> u32 {
        self.first.saturating_add(self.count)
    }

    /// The first piece of the `count` elements from `first` on.
    pub(super) fn first(view: &View<'_>, first: u32, count: u32, part: &mut Part) -> Self {
        if view.in_place().is_some() {
            return Self {
                first,
                count,
                left: 0,
            };
        }
        let mut bytes = [0; 64];
        let size = view.dtype().size();
        let len = view.copy_le(first as usize, &mut bytes);
        let len = len.min((count as usize).saturating_mul(size));
        part.put(bytes.get(..len).unwrap_or_default());
        let copied = (len / size) as u32;
        Self {
            first,
            count: copied,
            left: count - copied,
        }
    }

    /// The piece behind this one.
    pub(super) fn next(&self, view: &View<'_>, part: &mut Part) -> Self {
        match self.left {
            0 => Self::NONE,
            left => Self::first(view, self.first + self.count, left, part),
        }
    }

    /// The piece where it lies; `None` where it is in the part.
    pub(super) fn in_place<'a>(&self, view: &View<'a>) -> Option<&'a [u8]> {
        let size = view.dtype().size();
        let start = (self.first as usize).checked_mul(size)?;
        let len = (self.count as usize).checked_mul(size)?;
        view.in_place()?.get(start..)?.get(..len)
    }
}
