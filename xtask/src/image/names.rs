//! Where functions begin and end, as the linker's symbols tell.
use super::calls::Processor;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::collections::BTreeMap;

/// What the linker knows of the code.
pub(super) struct Names {
    /// Names of functions and their ends, by address.
    pub(super) functions: BTreeMap<u32, (String, u32)>,
    /// From each of these addresses on: whether it is data.
    pub(super) data: BTreeMap<u32, bool>,
}

impl Names {
    pub(super) fn of(file: &object::File<'_>, processor: Processor) -> Self {
        let mut functions = BTreeMap::new();
        let mut labels = BTreeMap::new();
        let mut data = BTreeMap::new();
        for symbol in file.symbols() {
            let (address, name) = (symbol.address() as u32, symbol.name().unwrap_or_default());
            let address = if processor == Processor::Thumb {
                address & !1
            } else {
                address
            };
            match name.split('.').next() {
                Some("$d") => _ = data.insert(address, true),
                Some("$t") => _ = data.insert(address, false),
                // The extensions may follow.
                Some(code) if code.starts_with("$x") => _ = data.insert(address, false),
                _ if symbol.kind() == SymbolKind::Text && symbol.size() > 0 => {
                    let end = address + symbol.size() as u32;
                    functions.insert(address, (name.to_owned(), end));
                }
                // An assembler's local label has an empty name before the dot.
                Some(global) if !global.is_empty() => {
                    let label: &mut String = labels.entry(address).or_default();
                    // Of several names the linker's own are the longer ones.
                    if label.is_empty() || name.len() < label.len() {
                        *label = name.to_owned();
                    }
                }
                _ => {}
            }
        }
        if processor == Processor::RiscV {
            add_labels(file, labels, &mut functions);
        }
        Self { functions, data }
    }

    pub(super) fn within(
        &self,
        at: u32,
        length: usize,
    ) -> impl Iterator<Item = (u32, (&str, u32))> {
        let all = self.functions.range(at..at + length as u32);
        all.map(|(&start, (name, end))| (start, (name.as_str(), *end)))
    }
}

/// Assembly may state no sizes (that of `riscv-rt` does not): then a function is what lies between
/// a label in the code, outside all others, and what comes next.
fn add_labels(
    file: &object::File<'_>,
    labels: BTreeMap<u32, String>,
    functions: &mut BTreeMap<u32, (String, u32)>,
) {
    for section in file
        .sections()
        .filter(|one| one.kind() == SectionKind::Text)
    {
        let (start, length) = (section.address() as u32, section.size() as u32);
        let within = labels.range(start..start + length);
        let mut ends = start + length;
        for (&at, name) in within.rev() {
            let around = functions.range(..=at).next_back();
            if around.is_some_and(|(_, (_, end))| *end > at) {
                continue;
            }
            let next = functions.range(at..start + length).next();
            ends = next.map_or(ends, |(&next, _)| next);
            functions.insert(at, (name.clone(), ends));
        }
    }
}
