//! How much memory a program takes.
use anyhow::{Context, Result};
use object::{Object, ObjectSection, SectionFlags, SectionKind, elf};
use std::{fs, path::Path};

/// The memory of a program, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The vector table.
    pub vectors: u64,
    /// Code.
    pub text: u64,
    /// Constants.
    pub rodata: u64,
    /// Variables with an initial value, which is kept in flash.
    pub data: u64,
    /// Variables without one.
    pub bss: u64,
}

impl Sizes {
    /// What the program takes of the flash.
    pub fn flash(&self) -> u64 {
        self.vectors + self.text + self.rodata + self.data
    }

    /// What it takes of the RAM before it runs.
    pub fn static_ram(&self) -> u64 {
        self.data + self.bss
    }
}

/// Measures a program.
///
/// # Errors
/// If the file is not one.
pub fn sizes(file: &Path) -> Result<Sizes> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let program = object::File::parse(&*bytes)
        .with_context(|| format!("{} is no program", file.display()))?;
    let mut sizes = Sizes::default();
    for section in program.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        // Some start-up crates give the free memory to sections of its own.
        let is_reserve = matches!(section.name()?, ".stack" | ".heap");
        if sh_flags & u64::from(elf::SHF_ALLOC) == 0 || is_reserve {
            continue;
        }
        let has_content = section.kind() != SectionKind::UninitializedData;
        let place = match (has_content, sh_flags & u64::from(elf::SHF_WRITE) != 0) {
            (false, _) => &mut sizes.bss,
            (true, true) => &mut sizes.data,
            (true, false) if sh_flags & u64::from(elf::SHF_EXECINSTR) != 0 => &mut sizes.text,
            (true, false) if section.name()? == ".vector_table" => &mut sizes.vectors,
            (true, false) => &mut sizes.rodata,
        };
        *place += section.size();
    }
    Ok(sizes)
}
