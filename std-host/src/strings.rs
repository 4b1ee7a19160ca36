//! The elements of a string tensor, stored end to end.

use std::fmt;

/// A list of byte strings in one allocation, so that a million empty strings cost megabytes, not
/// dozens of them.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Strings {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Strings {
    /// No strings.
    pub fn new() -> Strings {
        Strings::default()
    }

    pub(crate) fn with_capacity(strings: usize, bytes: usize) -> Strings {
        Strings {
            bytes: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(strings),
        }
    }

    /// Appends a string.
    pub fn push(&mut self, string: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(string.as_ref());
        self.ends.push(self.bytes.len());
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string at `index`, if there are as many.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = index
            .checked_sub(1)
            .map_or(0, |previous| self.ends[previous]);
        self.bytes.get(start..end)
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// All bytes, end to end.
    pub fn concatenated(&self) -> &[u8] {
        &self.bytes
    }
}

impl<S: AsRef<[u8]>> FromIterator<S> for Strings {
    fn from_iter<I: IntoIterator<Item = S>>(iter: I) -> Strings {
        let mut strings = Strings::new();
        for string in iter {
            strings.push(string);
        }
        strings
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|s| s.escape_ascii().to_string()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Strings;

    #[test]
    fn strings_keep_their_order_and_their_empty_members() {
        let strings: Strings = ["", "ab", "", "c"].into_iter().collect();
        assert_eq!(strings.len(), 4);
        let back: Vec<&[u8]> = strings.iter().collect();
        assert_eq!(back, [&b""[..], b"ab", b"", b"c"]);
        assert_eq!(strings.get(4), None, "there is no fifth string");
    }
}
