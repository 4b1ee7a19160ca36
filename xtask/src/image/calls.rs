//! Who calls whom.
use super::{
    code::{Code, Reading},
    handlers::Handlers,
    names::Names,
    riscv, thumb,
};
use anyhow::{Context, Result, bail};
use object::{Architecture, Object, ObjectSection, SectionKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
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
    /// What the hardware itself pushes when it calls another than the first, in bytes.
    pub pushed: u64,
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
    /// If the file is none, or for a processor that is not understood.
    pub fn read(elf: &Path) -> Result<Self> {
        let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
        let file = object::File::parse(&*bytes)
            .with_context(|| format!("{} is no program", elf.display()))?;
        let processor = Processor::of(&file)?;
        let frames = compiler_frames(&file, processor)?;
        let names = Names::of(&file, processor);
        let handlers = Handlers::of(&file, processor, &names)?;
        let mut functions = BTreeMap::new();
        let kept = handlers.other_words(&file);
        let mut words = kept.clone();
        let is_code = |section: &object::Section<'_, '_>| section.kind() == SectionKind::Text;
        for section in file.sections().filter(is_code) {
            let (content, data) = (section.data().unwrap_or_default(), &names.data);
            let at = section.address() as u32;
            let code = Code { at, content, data };
            for (start, (name, end)) in names.within(at, content.len()) {
                let range = start..end;
                let mut reading = processor.function(&code, &range, &kept);
                words.extend(&reading.words);
                let pointers = reading.calls.iter();
                let pointers = pointers.filter(|call| **call == Call::Pointer).count();
                if let Some(called) = handlers.called_with(&reading.words, pointers) {
                    reading.calls.retain(|call| *call != Call::Pointer);
                    reading.calls.extend(called.into_iter().map(Call::To));
                }
                let frame = frames.get(&start).copied();
                functions.insert(start, Function::of(name, &range, reading, frame));
            }
        }
        let taken = words.into_iter().filter_map(|word| processor.place(word));
        // The program does not call what the hardware calls.
        let taken =
            taken.filter(|one| functions.contains_key(one) && !handlers.functions.contains(one));
        Ok(Self {
            taken: taken.collect(),
            functions,
            handlers: handlers.functions,
            pushed: handlers.pushed,
        })
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

impl Function {
    /// By what was read, and the frame that the compiler has stated.
    fn of(name: &str, range: &Range<u32>, reading: Reading, frame: Option<u64>) -> Self {
        let mut calls = reading.calls;
        // The end that the compiler has given its own code is never passed.
        if reading.runs_over && frame.is_none() {
            calls.push(Call::To(range.end));
        }
        calls.sort_unstable();
        calls.dedup();
        Self {
            name: name.to_owned(),
            frame: frame.unwrap_or(reading.frame),
            is_frame_from_compiler: frame.is_some(),
            calls,
        }
    }
}

/// Whose instructions an image holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    Thumb,
    RiscV,
}

impl Processor {
    fn of(file: &object::File<'_>) -> Result<Self> {
        match file.architecture() {
            Architecture::Arm => Ok(Self::Thumb),
            Architecture::Riscv32 => Ok(Self::RiscV),
            other => bail!("the code of {other:?} is not understood"),
        }
    }

    fn function(self, code: &Code<'_>, range: &Range<u32>, kept: &BTreeSet<u32>) -> Reading {
        match self {
            Self::Thumb => thumb::function(code, range),
            Self::RiscV => riscv::function(code, range, kept),
        }
    }

    /// Where a pointer to a function leads; nowhere if it cannot be one.
    pub(super) fn place(self, pointer: u32) -> Option<u32> {
        match self {
            // The lowest bit says that the code is Thumb's.
            Self::Thumb => (pointer & 1 == 1).then_some(pointer & !1),
            Self::RiscV => Some(pointer),
        }
    }
}

/// What `-Zemit-stack-sizes` has left in the image: an address and a size in groups of seven bits.
fn compiler_frames(file: &object::File<'_>, processor: Processor) -> Result<BTreeMap<u32, u64>> {
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
        let pointer = u32::from_le_bytes(*address);
        frames.insert(processor.place(pointer).unwrap_or(pointer), size);
    }
    Ok(frames)
}
