//! A program that logs with defmt, as far as its log is read.

use object::write::{Object, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind};
use object::{SymbolFlags, SymbolKind, SymbolScope};

/// Its texts and what each is for; the first one has the number 1 in a frame.
const TEXTS: [(&str, &str); 17] = [
    ("info", "{=?}"),
    ("derived", "Unit"),
    ("prim", "{=[?]}"),
    ("prim", "{=?}"),
    ("prim", "{=isize}"),
    ("prim", "{=u64}"),
    ("prim", "{=u8}"),
    ("prim", "{=[u8]}"),
    ("derived", "None|Some({=?})"),
    ("write", "{=__internal_FormatSequence}"),
    ("str", "interned"),
    ("error", "{=bool} {=i16:#x} {=u128} {=char} {=istr}"),
    (
        "println",
        "{0=0..4} {0=8..24:b} {1=str} {2=[u8;3]:a} {3=__internal_Display}!",
    ),
    ("warn", "{=?:x} {=[?;2]:a}"),
    ("debug", "{=u64:iso8601s} {=?:iso8601ms}"),
    ("trace", "{=[u8]:cbor} {=?:cbor}"),
    ("info", "scalar train/loss = {=f32} at step {=i64}"),
];

/// The program's file. Its log has a byte before the values of each frame, the time.
pub(crate) fn program(encoding: &str) -> Vec<u8> {
    let mut file = Object::new(BinaryFormat::Elf, Architecture::Arm, Endianness::Little);
    let texts = file.add_section(Vec::new(), b".defmt".to_vec(), SectionKind::Other);
    file.append_section_data(texts, &[0; 32], 1);
    let mut symbol = |name: String, value, section| {
        file.add_symbol(Symbol {
            name: name.into_bytes(),
            value,
            size: 1,
            kind: SymbolKind::Data,
            scope: SymbolScope::Linkage,
            weak: false,
            section,
            flags: SymbolFlags::None,
        });
    };
    symbol("_defmt_version_ = 4".to_owned(), 0, SymbolSection::Absolute);
    let encoding = format!("_defmt_encoding_ = {encoding}");
    symbol(encoding, 0, SymbolSection::Absolute);
    for (at, (tag, text)) in (1..).zip(TEXTS.iter().chain([&("timestamp", "{=u8:us}")])) {
        let name = format!(
            r#"{{"package":"","tag":"defmt_{tag}","data":"{text}","disambiguator":"{at}"}}"#
        );
        symbol(name, at, SymbolSection::Section(texts));
    }
    file.write().expect("the file is small")
}

/// A frame in the encoding `rzcobs`, as it is sent.
pub fn rzcobs(frame: &[u8]) -> Vec<u8> {
    let (mut encoded, mut run, mut zeros) = (Vec::new(), 0_u8, 0);
    for &byte in frame {
        match byte {
            0 if run >= 7 => encoded.push((run - 7) | 0x80),
            0 => zeros |= 1 << run,
            _ => encoded.push(byte),
        }
        run += 1;
        match run {
            7 if zeros != 0 => encoded.push(zeros),
            134 if byte != 0 => encoded.push(0xff),
            8.. if byte == 0 => {}
            _ => continue,
        }
        (run, zeros) = (0, 0);
    }
    match run {
        0 => {}
        1..7 => encoded.push((zeros | 0xff << run) & 0x7f),
        _ => encoded.push((run - 7) | 0x80),
    }
    encoded.push(0);
    encoded
}
