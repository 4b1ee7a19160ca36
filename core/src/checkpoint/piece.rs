//! Elements on their way out of a payload.

/// The next elements of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Whole elements, little-endian.
    Elements(&'a [u8]),
    /// One element, `count` times. A few stored bytes can stand for gigabytes: whoever makes
    /// elements of it must know first that there is room.
    Repeated {
        /// The element, little-endian.
        element: &'a [u8],
        /// How often it occurs.
        count: u32,
    },
}
