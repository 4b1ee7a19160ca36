//! Names of variables.

use core::fmt;

/// A variable's name, TensorFlow's own: `head/kernel/Adam_1` is scope, variable and slot.
///
/// The parts are joined by `/`; empty parts are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>([&'a str; 3]);

impl<'a> Name<'a> {
    /// A name of one part: `global_step`.
    pub const fn new(name: &'a str) -> Self {
        Self([name, "", ""])
    }

    /// A variable in a scope: `head`, `kernel`.
    pub const fn scoped(scope: &'a str, variable: &'a str) -> Self {
        Self([scope, variable, ""])
    }

    /// A slot of a variable in a scope: `head`, `kernel`, `Adam_1`.
    pub const fn slot(scope: &'a str, variable: &'a str, slot: &'a str) -> Self {
        Self([scope, variable, slot])
    }

    /// The name of slot `slot` of this variable (of one that is no slot itself).
    pub const fn of_slot(self, slot: &'a str) -> Self {
        let [scope, variable, _] = self.0;
        Self([scope, variable, slot])
    }

    /// The name in pieces that follow one another; some may be empty.
    #[inline(never)]
    pub fn pieces(&self) -> [&'a str; 5] {
        let [scope, variable, slot] = self.0;
        let between = |before: bool, behind: &str| match before && !behind.is_empty() {
            true => "/",
            false => "",
        };
        let first = between(!scope.is_empty(), variable);
        let second = between(!scope.is_empty() || !variable.is_empty(), slot);
        [scope, first, variable, second, slot]
    }

    /// Bytes of the whole name.
    #[inline(never)]
    pub fn len(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    /// A number below 32 that is the same of names that read the same.
    pub(crate) fn hash(&self) -> u32 {
        let parts = self.0.iter().rev();
        let last = parts.filter_map(|part| part.as_bytes().last()).next();
        (self.len() as u32 ^ u32::from(last.copied().unwrap_or(0))) % 32
    }

    /// Whether both names read the same, however they are made of parts.
    #[inline(never)]
    pub(crate) fn reads_as(&self, other: &Name<'_>) -> bool {
        let len = self.len();
        // The lengths first: few names have the same, and characters cost more.
        if len != other.len() {
            return false;
        }
        let (pieces, others) = (self.pieces(), other.pieces());
        (0..len).all(|at| byte(&pieces, at) == byte(&others, at))
    }

    /// Whether the name has no part.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the whole name is `other`.
    pub fn is(&self, other: &[u8]) -> bool {
        let mut rest = other;
        for piece in self.pieces() {
            match rest.strip_prefix(piece.as_bytes()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

/// Byte `at` of pieces that follow one another.
fn byte(pieces: &[&str], mut at: usize) -> Option<u8> {
    for piece in pieces {
        if let Some(&byte) = piece.as_bytes().get(at) {
            return Some(byte);
        }
        at = at.saturating_sub(piece.len());
    }
    None
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces = self.pieces().into_iter();
        pieces.try_for_each(|piece| f.write_str(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn names_of_other_parts_can_read_the_same() {
        let whole = Name::new("head/kernel/Adam");
        for (name, alike) in [
            (Name::slot("head", "kernel", "Adam"), true),
            (Name::scoped("head", "kernel/Adam"), true),
            (Name::slot("", "head/kernel", "Adam"), true),
            (Name::slot("head", "kernels", "Ada"), false),
            (Name::slot("head", "kernel", "Adan"), false),
            (Name::slot("head", "kernel", "Adam_1"), false),
            (Name::new("head/kernel/Adam"), true),
            (Name::new("head/kernel_Adam"), false),
        ] {
            assert!(whole.hash() == name.hash() || !alike, "{name}");
            assert_eq!(whole.reads_as(&name), alike, "{name}");
            assert_eq!(name.reads_as(&whole), alike, "{name}");
        }
        let slot = Name::slot("head", "kernel", "Adam");
        assert!(slot.reads_as(&slot) && !slot.reads_as(&Name::slot("hEad", "kernel", "Adam")));
    }

    #[test]
    fn a_name_is_its_parts_joined_by_slashes() {
        for (name, text) in [
            (Name::new("global_step"), "global_step"),
            (Name::scoped("head", "kernel"), "head/kernel"),
            (Name::slot("head", "kernel", "Adam_1"), "head/kernel/Adam_1"),
            (Name::slot("", "kernel", "Adam"), "kernel/Adam"),
        ] {
            assert_eq!(name.to_string(), text);
            assert_eq!(name.len(), text.len());
            assert!(name.is(text.as_bytes()));
            assert!(!name.is(&text.as_bytes()[1..]));
            assert!(!name.is(std::format!("{text}x").as_bytes()));
        }
    }
}
