//! The texts of a program, and which values each shows.

use std::collections::{BTreeMap, HashSet};

use defmt_decoder::Table;
use defmt_parser::{DisplayHint, Fragment, ParserMode, TimePrecision, Type};
use object::{Object, ObjectSymbol};

/// The texts of a program.
pub(super) struct Texts {
    /// What comes first in every frame.
    pub(super) timestamp: Shape,
    /// By the number that stands for each in a frame.
    entries: BTreeMap<u64, Text>,
}

/// A text.
pub(super) struct Text {
    /// Whether it is a message's of a level, which no value is shown by.
    pub(super) has_level: bool,
    pub(super) whole: Shape,
    /// Those of an enum, between `|`; one that is the whole, if the text is none.
    pub(super) variants: Vec<Shape>,
}

/// The values that a text shows, in the order of a frame; `None` if it cannot be understood.
pub(super) type Shape = Option<Vec<Value>>;

/// A value that a text shows.
pub(super) struct Value {
    pub(super) ty: Type,
    pub(super) shown: Shown,
}

/// In which of the forms that may go wrong a value is shown.
#[derive(Clone, Copy, Default)]
pub(super) struct Shown {
    pub(super) hexadecimal: bool,
    pub(super) cbor: bool,
    pub(super) date_of_seconds: bool,
    pub(super) date_of_milliseconds: bool,
    /// In that of the value around it.
    inherits: bool,
}

impl Shown {
    pub(super) fn within(self, outer: Self) -> Self {
        if !self.inherits {
            return self;
        }
        Self {
            hexadecimal: self.hexadecimal || outer.hexadecimal,
            cbor: self.cbor || outer.cbor,
            date_of_seconds: self.date_of_seconds || outer.date_of_seconds,
            date_of_milliseconds: self.date_of_milliseconds || outer.date_of_milliseconds,
            inherits: false,
        }
    }

    fn add(&mut self, hint: Option<&DisplayHint>) {
        match hint {
            None => self.inherits = true,
            Some(DisplayHint::Hexadecimal { .. }) => self.hexadecimal = true,
            Some(DisplayHint::Cbor) => self.cbor = true,
            Some(DisplayHint::ISO8601(TimePrecision::Seconds)) => self.date_of_seconds = true,
            Some(DisplayHint::ISO8601(_)) => self.date_of_milliseconds = true,
            Some(_) => {}
        }
    }
}

/// A symbol's name, as defmt makes it.
#[derive(serde::Deserialize)]
struct Symbol {
    tag: String,
    data: String,
}

impl Texts {
    /// The texts of the program `elf`, whose `table` is known.
    pub(super) fn of(elf: &[u8], table: &Table) -> Result<Self, String> {
        let file = object::File::parse(elf).map_err(|error| error.to_string())?;
        let known: HashSet<&str> = table.raw_symbols().collect();
        let mut timestamp = Some(Vec::new());
        let mut entries = BTreeMap::new();
        let mut names = BTreeMap::new();
        for symbol in file.symbols() {
            let (name, at) = (symbol.name().unwrap_or_default(), symbol.address());
            let Ok(Symbol { tag, data }) = serde_json::from_str(name) else {
                continue;
            };
            if tag == "defmt_timestamp" {
                timestamp = timestamp_shape(&data);
            } else if known.contains(name) {
                entries.insert(at, Text::of(&tag, &data));
                names.insert(at, name);
            }
        }
        // The table does not tell the numbers of its texts.
        if !names.into_values().eq(table.raw_symbols()) {
            return Err("its symbols are not those that defmt's decoder has read".to_owned());
        }
        Ok(Self { timestamp, entries })
    }

    pub(super) fn get(&self, number: u16) -> Option<&Text> {
        self.entries.get(&number.into())
    }
}

impl Text {
    fn of(tag: &str, text: &str) -> Self {
        let levels = ["trace", "debug", "info", "warn", "error"];
        let level = tag.strip_prefix("defmt_").unwrap_or(tag);
        Self {
            has_level: levels.contains(&level),
            whole: shape(text),
            variants: text.split('|').map(shape).collect(),
        }
    }
}

/// Timestamps are read, but not shown.
fn timestamp_shape(text: &str) -> Shape {
    let mut values = shape(text)?;
    for value in &mut values {
        value.shown = Shown::default();
    }
    Some(values)
}

fn shape(text: &str) -> Shape {
    let fragments = defmt_parser::parse(text, ParserMode::ForwardsCompatible).ok()?;
    let mut values = BTreeMap::new();
    for fragment in fragments {
        let Fragment::Parameter(parameter) = fragment else {
            continue;
        };
        let value = values.entry(parameter.index).or_insert_with(|| Value {
            ty: parameter.ty.clone(),
            shown: Shown::default(),
        });
        value.shown.add(parameter.hint.as_ref());
        // A value of which several ranges of bits are shown is sent once.
        if let (Type::BitField(all), Type::BitField(range)) = (&mut value.ty, parameter.ty) {
            *all = all.start.min(range.start)..all.end.max(range.end);
        }
    }
    Some(values.into_values().collect())
}
