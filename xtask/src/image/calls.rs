//! Who calls whom.
use super::thumb::{self, Flow, Half};
use anyhow::{Context, Result, bail};
use object::{Architecture, Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The functions of an image.
#[derive(Clone, Debug)]
pub struct Image {
    /// By address.
    pub functions: BTreeMap<u32, Function>,
    /// Functions whose address is kept somewhere: what a call of a pointer may lead to.
    pub taken: BTreeSet<u32>,
    /// Functions that the hardware calls, the first one at the start.
    pub handlers: Vec<u32>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, as the linker has it.
    pub name: String,
    /// The stack that it takes for itself, in bytes.
    pub frame: u64,
    /// Whether the compiler has said so; otherwise its instructions were read.
    pub is_frame_from_compiler: bool,
    /// Where it leads.
    pub calls: Vec<Call>,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Of the function at this address.
    To(u32),
    /// Of a pointer.
    Pointer,
}

impl Image {
    /// Reads an image.
    ///
    /// # Errors
    /// If the file is none, or for another processor than a Cortex-M.
    pub fn read(elf: &Path) -> Result<Self> {
        let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
        let file = object::File::parse(&*bytes)
            .with_context(|| format!("{} is no program", elf.display()))?;
        if file.architecture() != Architecture::Arm {
            bail!("only the code of Cortex-M is understood");
        }
        let frames = compiler_frames(&file)?;
        let mut starts: BTreeMap<u32, (String, u32)> = BTreeMap::new();
        let mut data: BTreeMap<u32, bool> = BTreeMap::new();
        for symbol in file.symbols() {
            let (address, name) = (symbol.address() as u32, symbol.name().unwrap_or_default());
            match name.split('.').next() {
                Some("$t") => _ = data.insert(address, false),
                Some("$d") => _ = data.insert(address, true),
                _ if symbol.kind() == SymbolKind::Text && symbol.size() > 0 => {
                    let end = (address & !1) + symbol.size() as u32;
                    starts.insert(address & !1, (name.to_owned(), end));
                }
                _ => {}
            }
        }
        let mut image = Self {
            functions: BTreeMap::new(),
            taken: BTreeSet::new(),
            handlers: Vec::new(),
        };
        let mut words = Vec::new();
        for section in file.sections() {
            let content = section.data().unwrap_or_default();
            let at = section.address() as u32;
            match (section.name()?, section.kind()) {
                (".vector_table", _) => {
                    let all = content
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .map(|four| u32::from_le_bytes(*four));
                    // The first word is the stack pointer.
                    let handlers = all.skip(1).map(|word| word & !1);
                    let mut handlers: Vec<u32> =
                        handlers.filter(|one| starts.contains_key(one)).collect();
                    let mut seen = BTreeSet::new();
                    handlers.retain(|one| seen.insert(*one));
                    image.handlers = handlers;
                }
                (
                    _,
                    SectionKind::ReadOnlyData | SectionKind::Data | SectionKind::ReadOnlyString,
                ) => {
                    words.extend(
                        content
                            .as_chunks::<4>()
                            .0
                            .iter()
                            .map(|four| u32::from_le_bytes(*four)),
                    );
                }
                (_, SectionKind::Text) => {
                    let code = Code {
                        at,
                        content,
                        data: &data,
                    };
                    for (&start, (name, end)) in starts.range(at..at + content.len() as u32) {
                        let mut function = code.function(start..*end, &mut words);
                        function.name.clone_from(name);
                        if let Some(&frame) = frames.get(&start) {
                            function.frame = frame;
                            function.is_frame_from_compiler = true;
                        }
                        image.functions.insert(start, function);
                    }
                }
                _ => {}
            }
        }
        let taken = words
            .into_iter()
            .filter(|word| word & 1 == 1)
            .map(|word| word & !1);
        image.taken = taken
            .filter(|one| image.functions.contains_key(one))
            .collect();
        Ok(image)
    }

    /// The functions that call one whose name contains `part`, and do not contain it themselves.
    pub fn callers_of(&self, part: &str) -> Vec<&str> {
        let is_one = |address: &u32| {
            self.functions
                .get(address)
                .is_some_and(|one| one.name.contains(part))
        };
        let calls = |function: &&Function| {
            let mut targets = function.calls.iter();
            targets.any(|call| matches!(call, Call::To(address) if is_one(address)))
        };
        let all = self
            .functions
            .values()
            .filter(|one| !one.name.contains(part));
        all.filter(calls).map(|one| one.name.as_str()).collect()
    }
}

/// What `-Zemit-stack-sizes` has left in the image: an address and a size in groups of seven bits.
fn compiler_frames(file: &object::File<'_>) -> Result<BTreeMap<u32, u64>> {
    let mut frames = BTreeMap::new();
    let Some(section) = file.section_by_name(".stack_sizes") else {
        return Ok(frames);
    };
    let mut rest = section.data()?;
    while let Some((address, behind)) = rest.split_first_chunk::<4>() {
        let (mut size, mut shift) = (0u64, 0);
        rest = behind;
        while let Some((&byte, behind)) = rest.split_first() {
            size |= u64::from(byte & 0x7f) << shift;
            (shift, rest) = (shift + 7, behind);
            if byte & 0x80 == 0 {
                break;
            }
        }
        frames.insert(u32::from_le_bytes(*address) & !1, size);
    }
    Ok(frames)
}

/// A section of code.
struct Code<'a> {
    at: u32,
    content: &'a [u8],
    /// From each of these addresses on: whether it is data.
    data: &'a BTreeMap<u32, bool>,
}

impl Code<'_> {
    /// Reads a function, and the constants in it that may be addresses.
    fn function(&self, range: std::ops::Range<u32>, words: &mut Vec<u32>) -> Function {
        let mut function = Function {
            name: String::new(),
            frame: 0,
            is_frame_from_compiler: false,
            calls: Vec::new(),
        };
        let mut low = [None; 16];
        let mut address = range.start;
        while address < range.end {
            if self.is_data(address) {
                words.extend(self.word(address));
                address += if address.is_multiple_of(4) { 4 } else { 2 };
                continue;
            }
            let Some(first) = self.halfword(address) else {
                break;
            };
            let length = thumb::length(first);
            let second = if length == 4 {
                self.halfword(address + 2).unwrap_or(0)
            } else {
                0
            };
            match thumb::half(first, second).filter(|_| length == 4) {
                Some((Half::Low, register, value)) => low[usize::from(register)] = Some(value),
                Some((Half::High, register, value)) => {
                    let low = low[usize::from(register)].take();
                    words.extend(low.map(|low| u32::from(value) << 16 | u32::from(low)));
                }
                None => {}
            }
            function.frame += u64::from(thumb::pushes(first, second));
            match thumb::flow(address, first, second) {
                Flow::To(target) if !range.contains(&target) => {
                    function.calls.push(Call::To(target))
                }
                Flow::Anywhere => function.calls.push(Call::Pointer),
                _ => {}
            }
            address += length;
        }
        function.calls.sort_unstable();
        function.calls.dedup();
        function
    }

    fn is_data(&self, address: u32) -> bool {
        self.data
            .range(..=address)
            .next_back()
            .is_some_and(|(_, is_data)| *is_data)
    }

    fn halfword(&self, address: u32) -> Option<u16> {
        let offset = address.checked_sub(self.at)? as usize;
        let two = self.content.get(offset..)?.first_chunk()?;
        Some(u16::from_le_bytes(*two))
    }

    fn word(&self, address: u32) -> Option<u32> {
        let offset = address.checked_sub(self.at)? as usize;
        let four = self.content.get(offset..)?.first_chunk()?;
        Some(u32::from_le_bytes(*four))
    }
}
