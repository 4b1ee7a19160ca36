//! Rust tables of a folder, for a board's build script.

use std::fmt::Write as _;

use super::{Folder, FolderCase};

impl Folder {
    /// The source of `CASES`, a static table of all cases, and of the scratch that the largest of
    /// them needs to be replayed: `NUMBERS` and `INDICES`.
    pub fn emit(&self) -> String {
        let cases = self.cases.iter();
        let numbers = cases.clone().map(|case| case.with(|case| case.numbers()));
        let indices = cases.filter_map(|case| case.touched);
        let (numbers, indices) = (numbers.max().unwrap_or(0), indices.max().unwrap_or(0));
        let mut source = String::from("use ::trajectory::{Array, Case, Part, Rule, State};\n");
        let _ = writeln!(source, "pub(super) const NUMBERS: usize = {numbers};");
        let _ = writeln!(source, "pub(super) const INDICES: usize = {indices};");
        let _ = writeln!(source, "pub(super) static CASES: &[Case<'static>] = &[");
        for case in &self.cases {
            let _ = writeln!(source, "{},", case.emit());
        }
        source.push_str("];\n");
        source
    }

    /// The files that [`emit`](Self::emit)'s source includes.
    pub fn files(&self) -> impl Iterator<Item = &std::path::Path> {
        self.cases.iter().map(|case| case.file.as_path())
    }
}

impl FolderCase {
    fn emit(&self) -> String {
        let mut states = String::new();
        for (after, arrays) in &self.states {
            let arrays: Vec<String> = arrays
                .iter()
                .map(|array| {
                    let (part, offset) = (array.part, array.offset);
                    format!("Array {{ part: Part::{part:?}, offset: {offset} }}")
                })
                .collect();
            let arrays = arrays.join(", ");
            let _ = write!(states, "State {{ after: {after}, arrays: &[{arrays}] }}, ");
        }
        format!(
            "Case {{ name: {:?}, rule: Rule::{:?}, elements: {}, inner: {}, touched: {:?}, \
             gradients: {}, indices: {}, states: &[{states}], data: include_bytes!({:?}) }}",
            self.name,
            self.rule,
            self.elements,
            self.inner,
            self.touched,
            self.gradients,
            self.indices,
            self.file
        )
    }
}
