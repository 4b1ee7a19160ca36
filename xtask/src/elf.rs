//! How much memory a program takes.
use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};
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

/// The functions of a heap that a program contains.
///
/// # Errors
/// If the file is no program.
pub fn heap(file: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let program = object::File::parse(&*bytes)
        .with_context(|| format!("{} is no program", file.display()))?;
    let names = program.symbols().filter_map(|symbol| symbol.name().ok());
    Ok(names
        .filter(|name| is_heap(name))
        .map(str::to_owned)
        .collect())
}

/// Allocators of Rust and C, by the names that the linker knows.
fn is_heap(name: &str) -> bool {
    const EXACT: [&str; 10] = [
        "malloc",
        "calloc",
        "realloc",
        "free",
        "_malloc_r",
        "_free_r",
        "_sbrk",
        "sbrk",
        "_sbrk_r",
        "aligned_alloc",
    ];
    const PARTS: [&str; 4] = [
        "__rust_alloc",
        "__rust_realloc",
        "__rg_alloc",
        "__rdl_alloc",
    ];
    EXACT.contains(&name) || PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_heap;

    #[test]
    fn allocators_are_known_by_name() {
        for name in ["malloc", "_RNvCs8_7___rustc12___rust_alloc", "__rg_alloc"] {
            assert!(is_heap(name), "{name}");
        }
        for name in ["main", "free_space", "gradlet_alloc_nothing"] {
            assert!(!is_heap(name), "{name}");
        }
    }
}
