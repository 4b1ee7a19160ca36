//! Tables that tell field names from field numbers.

/// A message type: its name and fields, in the order of their numbers.
#[derive(Debug)]
pub struct Message {
    /// Name without its package, for errors.
    pub name: &'static str,
    /// Fields in ascending order of number, the order in which they are printed.
    pub fields: &'static [Field],
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// Number on the wire.
    pub number: u32,
    /// Name in text.
    pub name: &'static str,
    /// Type of its values.
    pub kind: Kind,
    /// How many values it has.
    pub label: Label,
}

/// How many values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// At most one; of several the last counts.
    Single,
    /// Any number; numbers are packed on the wire.
    Repeated,
    /// A map: entries are messages with fields `key` and `value`, printed in the order of the keys.
    Map,
}

/// Type of a field's values.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// IEEE 754 binary64.
    Double,
    /// IEEE 754 binary32.
    Float,
    /// Signed 32-bit integer, as a varint of 64 bits.
    Int32,
    /// Signed 64-bit integer.
    Int64,
    /// Unsigned 32-bit integer.
    Uint32,
    /// Unsigned 64-bit integer.
    Uint64,
    /// True or false.
    Bool,
    /// UTF-8 text.
    String,
    /// Any bytes.
    Bytes,
    /// A number with names.
    Enum(&'static EnumType),
    /// A message.
    Message(&'static Message),
}

/// Names of an enumeration's numbers.
#[derive(Debug)]
pub struct EnumType {
    /// Name of the type, for errors.
    pub name: &'static str,
    /// Numbers and names; the first name of a number is the one printed.
    pub values: &'static [(i32, &'static str)],
}

impl Message {
    /// The field with this name.
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field with this number.
    pub fn field_numbered(&self, number: u32) -> Option<&Field> {
        self.fields.iter().find(|field| field.number == number)
    }
}

impl Field {
    /// A field with at most one value.
    pub const fn single(number: u32, name: &'static str, kind: Kind) -> Field {
        Field {
            number,
            name,
            kind,
            label: Label::Single,
        }
    }

    /// A field with any number of values.
    pub const fn repeated(number: u32, name: &'static str, kind: Kind) -> Field {
        Field {
            number,
            name,
            kind,
            label: Label::Repeated,
        }
    }

    /// A map, given the message type of its entries.
    pub const fn map(number: u32, name: &'static str, entry: &'static Message) -> Field {
        Field {
            number,
            name,
            kind: Kind::Message(entry),
            label: Label::Map,
        }
    }
}

impl EnumType {
    /// The name of a number.
    pub fn name_of(&self, number: i32) -> Option<&'static str> {
        self.values
            .iter()
            .find(|(n, _)| *n == number)
            .map(|(_, name)| *name)
    }

    /// The number with this name.
    pub fn number_of(&self, name: &str) -> Option<i32> {
        self.values
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(number, _)| *number)
    }
}
