//! What the hardware calls, and the tables that say so.
use super::{calls::Processor, names::Names};
use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// What the hardware calls.
pub(super) struct Handlers {
    /// The functions that it calls itself, the first one at the start.
    pub(super) functions: Vec<u32>,
    /// What it pushes when it calls another than the first, in bytes.
    pub(super) pushed: u64,
    /// Where pointers to handlers are kept, and to which.
    tables: BTreeMap<u32, Table>,
}

struct Table {
    range: Range<u32>,
    /// Whether the program calls from it, and not the processor: that one's lies at 0, which many a
    /// function has among its constants.
    of_program: bool,
    handlers: BTreeSet<u32>,
}

/// What Cortex-M pushes for an exception: eight registers, those of the FPU, and four bytes to
/// align them.
const EXCEPTION_FRAME: u64 = 4 * (8 + 18) + 4;

/// Where `cortex-m-rt` puts the table that the processor reads.
const VECTOR_TABLE: &str = ".vector_table";

/// The tables from which `riscv-rt` calls the handler of a trap.
const TRAP_TABLES: [&str; 3] = ["__EXCEPTIONS", "__CORE_INTERRUPTS", "__EXTERNAL_INTERRUPTS"];

impl Handlers {
    pub(super) fn of(file: &object::File<'_>, processor: Processor, names: &Names) -> Result<Self> {
        match processor {
            Processor::Thumb => Self::of_cortex_m(file, names),
            Processor::RiscV => Self::of_riscv(file, names),
        }
    }

    fn of_cortex_m(file: &object::File<'_>, names: &Names) -> Result<Self> {
        let section = file
            .section_by_name(VECTOR_TABLE)
            .context("the image has no vector table")?;
        let at = section.address() as u32;
        // The first word is the stack pointer.
        let words = words(section.data()?).skip(1);
        let all = words.filter_map(|word| Processor::Thumb.place(word));
        let mut functions: Vec<u32> = all
            .filter(|one| names.functions.contains_key(one))
            .collect();
        let mut seen = BTreeSet::new();
        functions.retain(|one| seen.insert(*one));
        let table = Table {
            range: at..at + section.size() as u32,
            of_program: false,
            handlers: seen,
        };
        Ok(Self {
            functions,
            pushed: EXCEPTION_FRAME,
            tables: BTreeMap::from([(at, table)]),
        })
    }

    /// RISC-V has one handler for all traps, which pushes what it needs itself.
    fn of_riscv(file: &object::File<'_>, names: &Names) -> Result<Self> {
        let mut trap = None;
        let mut tables = BTreeMap::new();
        for symbol in file.symbols() {
            let (name, at) = (symbol.name().unwrap_or_default(), symbol.address() as u32);
            match name {
                "_vector_table" => {
                    bail!("a trap may go to several handlers, which is not understood")
                }
                "_start_trap" => trap = Some(at),
                _ if TRAP_TABLES.contains(&name) => {
                    let range = at..at + symbol.size() as u32;
                    let content = content(file, &range)?;
                    let handlers = words(content).filter(|one| names.functions.contains_key(one));
                    let handlers = handlers.collect();
                    let table = Table {
                        range,
                        of_program: true,
                        handlers,
                    };
                    tables.insert(at, table);
                }
                _ => {}
            }
        }
        let trap = trap.context("the image has no handler of traps")?;
        Ok(Self {
            functions: vec![file.entry() as u32, trap],
            pushed: 0,
            tables,
        })
    }

    /// The handlers that a function calls which has the addresses of their tables among its
    /// `constants`, and calls no more than a pointer from each.
    pub(super) fn called_with(
        &self,
        constants: &[u32],
        pointer_calls: usize,
    ) -> Option<BTreeSet<u32>> {
        let tables = self.tables.values();
        let tables: Vec<&Table> = tables
            .filter(|table| table.of_program && constants.contains(&table.range.start))
            .collect();
        let handlers = tables.iter().flat_map(|table| &table.handlers);
        (pointer_calls > 0 && pointer_calls <= tables.len()).then(|| handlers.copied().collect())
    }

    /// The words in constants and variables but for those tables. All other addresses that the
    /// linker has put somewhere are among them.
    pub(super) fn other_words(&self, file: &object::File<'_>) -> BTreeSet<u32> {
        let is_data = |section: &object::Section<'_, '_>| {
            let kind = section.kind();
            use SectionKind::{Data, ReadOnlyData, ReadOnlyString};
            matches!(kind, Data | ReadOnlyData | ReadOnlyString)
        };
        let mut others = BTreeSet::new();
        for section in file.sections().filter(is_data) {
            let places = (section.address() as u32..).step_by(size_of::<u32>());
            let words = places.zip(words(section.data().unwrap_or_default()));
            others.extend(
                words
                    .filter(|(place, _)| !self.is_in_table(*place))
                    .map(|(_, word)| word),
            );
        }
        others
    }

    fn is_in_table(&self, place: u32) -> bool {
        let table = self.tables.range(..=place).next_back();
        table.is_some_and(|(_, table)| table.range.contains(&place))
    }
}

fn content<'a>(file: &object::File<'a>, range: &Range<u32>) -> Result<&'a [u8]> {
    let (start, length) = (u64::from(range.start), range.len() as u64);
    for section in file.sections() {
        if let Some(content) = section.data_range(start, length)? {
            return Ok(content);
        }
    }
    bail!("no section has what is at {start:#x}")
}

fn words(content: &[u8]) -> impl Iterator<Item = u32> {
    let words = content.as_chunks::<4>().0.iter();
    words.map(|four| u32::from_le_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::{
        Architecture, BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope,
        write::{self, SymbolSection},
    };

    /// A program of four functions of two bytes, and what it keeps in `section`: words under names.
    /// Code and `section` both begin at 0, as in a file that is not linked.
    fn handlers(processor: Processor, section: &str, kept: &[(&str, &[u32])]) -> Handlers {
        let architecture = match processor {
            Processor::Thumb => Architecture::Arm,
            Processor::RiscV => Architecture::Riscv32,
        };
        let mut file = write::Object::new(BinaryFormat::Elf, architecture, Endianness::Little);
        let symbol = |file: &mut write::Object<'_>, name: &str, section, kind, value, size| {
            file.add_symbol(write::Symbol {
                name: name.as_bytes().to_vec(),
                value,
                size,
                kind,
                scope: SymbolScope::Linkage,
                weak: false,
                section: SymbolSection::Section(section),
                flags: SymbolFlags::None,
            });
        };
        let code = file.add_section(Vec::new(), b".text".to_vec(), SectionKind::Text);
        file.append_section_data(code, &[0; 8], 4);
        for (name, at) in [("Reset", 0), ("_start_trap", 2), ("One", 4), ("Two", 6)] {
            symbol(&mut file, name, code, SymbolKind::Text, at, 2);
        }
        let data = file.add_section(Vec::new(), section.into(), SectionKind::ReadOnlyData);
        for (name, words) in kept {
            let content: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let at = file.append_section_data(data, &content, 4);
            let size = content.len() as u64;
            symbol(&mut file, name, data, SymbolKind::Data, at, size);
        }
        let bytes = file.write().unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        Handlers::of(&file, processor, &Names::of(&file, processor)).unwrap()
    }

    #[test]
    fn the_constant_0_is_not_the_processors_table() {
        let vectors: &[u32] = &[0x2000_4000, 1, 5, 7];
        let handlers = handlers(Processor::Thumb, VECTOR_TABLE, &[("vectors", vectors)]);
        assert_eq!(handlers.functions, [0, 4, 6]);
        assert_eq!(handlers.called_with(&[0], 1), None);
    }

    #[test]
    fn a_program_calls_from_its_own_tables() {
        let tables: [(&str, &[u32]); 3] = [
            // As long as the code, whose addresses it shares.
            ("other", &[2, 2]),
            ("__EXCEPTIONS", &[4]),
            ("__CORE_INTERRUPTS", &[6, 0]),
        ];
        let handlers = handlers(Processor::RiscV, ".rodata", &tables);
        assert_eq!(handlers.called_with(&[8, 12], 2), Some([0, 4, 6].into()));
        assert_eq!(handlers.called_with(&[8, 12], 3), None, "another pointer");
        assert_eq!(handlers.called_with(&[8, 12], 0), None, "no call");
        assert_eq!(handlers.called_with(&[0], 1), None, "no table");
    }
}
