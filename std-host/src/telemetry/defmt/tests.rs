//! Frames of a hostile line, and what the decoder makes of ordinary ones.

use object::write::{Object, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind};
use object::{SymbolFlags, SymbolKind, SymbolScope};
use proptest::prelude::*;

use super::*;

/// Tag and text, the first one with the number 1.
const TEXTS: &[(&str, &str)] = &[
    ("info", "{=?}"),
    ("derived", "Unit"),
    ("prim", "{=[?]}"),
    ("prim", "{=?}"),
    ("prim", "{=isize}"),
    ("prim", "{=u64}"),
    ("prim", "{=[u8]}"),
    ("derived", "None|Some({=?})"),
    ("write", "{=__internal_FormatSequence}"),
    ("str", "interned"),
    (
        "error",
        "{=bool} {=u8} {=i16:#x} {=f32} {=i64} {=u128} {=char} {=istr}",
    ),
    (
        "println",
        "{0=0..4} {0=8..24:b} {1=str} {2=[u8;3]:a} {3=__internal_Display}!",
    ),
    ("warn", "{=?:x}"),
    ("debug", "{=u64:iso8601s} {=?:iso8601ms}"),
    ("trace", "{=[u8]:cbor} {=?:cbor}"),
    ("prim", "{=[?;2]}"),
];

const INFO: u8 = 1;
const UNIT: u8 = 2;
const SLICE: u8 = 3;
const FORMAT: u8 = 4;
const ISIZE: u8 = 5;
const U64: u8 = 6;
const BYTES: u8 = 7;
const OPTION: u8 = 8;
const SEQUENCE: u8 = 9;
const ISTR: u8 = 10;
const ERROR: u8 = 11;
const PRINTLN: u8 = 12;
const WARN: u8 = 13;
const DEBUG: u8 = 14;
const TRACE: u8 = 15;
const PAIR: u8 = 16;

/// A program with those texts.
fn program(encoding: &str) -> Program {
    let mut file = Object::new(BinaryFormat::Elf, Architecture::Arm, Endianness::Little);
    let section = file.add_section(Vec::new(), b".defmt".to_vec(), SectionKind::Other);
    file.append_section_data(section, &[0; 64], 1);
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
            r#"{{"package":"p","tag":"defmt_{tag}","data":"{text}","disambiguator":"{at}","crate_name":"c"}}"#
        );
        symbol(name, at, SymbolSection::Section(section));
    }
    let elf = file.write().unwrap();
    Program::of(&elf).unwrap().unwrap()
}

/// The number of a message's text, the timestamp 0, and values.
fn frame(text: u8, values: &[&[u8]]) -> Vec<u8> {
    [&[text, 0, 0], &*values.concat()].concat()
}

/// A frame as it is sent.
fn encoded(bytes: &[u8]) -> Vec<u8> {
    let (mut encoded, mut run, mut zeros) = (Vec::new(), 0_u8, 0);
    for &byte in bytes {
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

/// What comes of a line that brings `bytes` in pieces.
fn messages(encoding: &str, bytes: &[u8]) -> Vec<Message> {
    let program = program(encoding);
    let mut frames = Frames::new(&program);
    let mut messages = Vec::new();
    for piece in bytes.chunks(1 << 12) {
        frames.received(piece);
        while let Some(message) = frames.next() {
            let is_lost = matches!(message, Message::Lost);
            messages.push(message);
            if is_lost {
                return messages;
            }
        }
        assert!(frames.bytes.len() <= LONGEST, "{}", frames.bytes.len());
    }
    messages
}

/// What comes of a frame, and that the next one is read whatever it is.
#[track_caller]
fn said(bytes: &[u8]) -> String {
    let line = [encoded(bytes), encoded(&frame(INFO, &[&[UNIT, 0]]))].concat();
    match &*messages("rzcobs", &line) {
        [first, Message::Line(next)] if next == "INFO  Unit" => match first {
            Message::Line(line) => line.clone(),
            Message::Refused(reason) => reason.clone(),
            Message::Torn => "torn".to_owned(),
            Message::Lost => "lost".to_owned(),
        },
        messages => panic!("{} messages", messages.len()),
    }
}

/// One of every type of value.
fn ordinary() -> Vec<(Vec<u8>, &'static str)> {
    let number = &1.5_f32.to_le_bytes();
    let wide = &[7; 16];
    let unit: &[u8] = &[UNIT, 0];
    vec![
        (frame(INFO, &[unit]), "INFO  Unit"),
        (
            frame(INFO, &[&[SLICE, 0, 3, 0, 0, 0], unit]),
            "INFO  [Unit, Unit, Unit]",
        ),
        (
            frame(INFO, &[&[SLICE, 0, 2, 0, 0, 0, OPTION, 0, 1], unit, &[0]]),
            "INFO  [Some(Unit), None]",
        ),
        (
            frame(INFO, &[&[PAIR, 0, ISIZE, 0], &[1, 0, 0, 0], &[0xff; 4]]),
            "INFO  [1, -1]",
        ),
        (
            frame(
                INFO,
                &[&[SEQUENCE, 0], unit, &[BYTES, 0, 1, 0, 0, 0, 9], &[0, 0]],
            ),
            "INFO  Unit[9]",
        ),
        (
            frame(
                ERROR,
                &[
                    &[1, 2, 0x10, 0],
                    number,
                    &[0xff; 8],
                    wide,
                    b"x\0\0\0",
                    &[ISTR, 0],
                ],
            ),
            "ERROR true 2 0x10 1.5 -1 9341084582143408800955381380479911687 x interned",
        ),
        (
            frame(
                PRINTLN,
                &[&[5, 3, 0, 0], &[2, 0, 0, 0], b"st", b"abc", b"shown\xff"],
            ),
            "5 11 st b\"abc\" shown!",
        ),
        (
            frame(DEBUG, &[&[0; 8], &[U64, 0], &[0; 8]]),
            "DEBUG 1970-01-01T00:00:00Z 1970-01-01T00:00:00.000Z",
        ),
        (
            frame(TRACE, &[&[1, 0, 0, 0, 0x80], &[BYTES, 0, 1, 0, 0, 0, 0x00]]),
            "TRACE [] 0",
        ),
        (frame(WARN, &[&[U64, 0, 0xab], &[0; 7]]), "WARN  ab"),
    ]
}

#[test]
fn ordinary_frames_are_shown_as_the_decoder_shows_them() {
    for (bytes, expected) in ordinary() {
        assert_eq!(said(&bytes), expected, "{bytes:?}");
    }
}

#[test]
fn the_check_reads_what_the_decoder_reads() {
    let Program { table, texts } = program("raw");
    for (bytes, expected) in ordinary() {
        let more = [&*bytes, &[1]].concat();
        assert_eq!(check::frame(&texts, &more), Ok(bytes.len()), "{expected}");
        let decoded = table.decode(&more).map(|(_, len)| len);
        assert_eq!(decoded, Ok(bytes.len()), "{expected}");
        for len in 0..bytes.len() {
            let cut = check::frame(&texts, &bytes[..len]);
            assert_eq!(cut, Err(Fault::Cut), "{expected}, {len} bytes");
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_check_lets_through_is_decoded_and_shown(
        bytes in prop::collection::vec(prop_oneof![4 => 0..20_u8, 1 => any::<u8>()], 0..40)
    ) {
        let program = program("raw");
        let check = check::frame(&program.texts, &bytes);
        if let Err(Fault::Refused(_)) = check {
            return Ok(());
        }
        match program.table.decode(&bytes) {
            Ok((frame, len)) => {
                prop_assert_eq!(check, Ok(len));
                line(&frame);
            }
            // Texts that are not UTF-8 and the like are left to the decoder.
            Err(defmt_decoder::DecodeError::Malformed) => {}
            Err(defmt_decoder::DecodeError::UnexpectedEof) => {
                prop_assert_eq!(check, Err(Fault::Cut));
            }
        }
    }
}

#[test]
fn a_line_without_zeros_does_not_fill_the_memory() {
    let noise = vec![1; 5 * LONGEST];
    let good = encoded(&frame(INFO, &[&[UNIT, 0]]));
    let line = [&*noise, &[0], &good, &noise, &[0], &good].concat();
    let text = |message| match message {
        Message::Line(text) | Message::Refused(text) => text,
        Message::Torn | Message::Lost => String::new(),
    };
    let messages = messages("rzcobs", &line).into_iter();
    let shown: Vec<String> = messages.map(text).collect();
    let long = "it is longer than 65536 bytes";
    assert_eq!(shown, [long, "INFO  Unit", long, "INFO  Unit"]);
}

#[test]
fn a_frame_is_too_long_however_it_arrives() {
    let of = |len: u32| {
        frame(
            INFO,
            &[&[BYTES, 0], &len.to_le_bytes(), &vec![1; len as usize]],
        )
    };
    assert!(said(&of(65_000)).starts_with("INFO  [1, 1"));
    assert!(of(65_100).len() < LONGEST && encoded(&of(65_100)).len() > LONGEST);
    assert_eq!(said(&of(65_100)), "it is longer than 65536 bytes");
}

#[test]
fn zeros_that_take_no_bytes_on_the_line_do_not_fill_the_memory() {
    let length = u32::try_from(LONGEST).unwrap().to_le_bytes();
    let bytes = frame(INFO, &[&[BYTES, 0], &length, &vec![0; LONGEST]]);
    assert!(encoded(&bytes).len() < LONGEST / 6);
    assert_eq!(said(&bytes), "it is longer than 65536 bytes");
}

#[test]
fn no_memory_is_reserved_for_elements_that_a_frame_claims() {
    for (number, expected) in [
        (
            0xffff_ffff_u32,
            "it claims more than 1024 elements that take no bytes",
        ),
        (
            100_000_000,
            "it claims more than 1024 elements that take no bytes",
        ),
    ] {
        let bytes = frame(INFO, &[&[SLICE, 0], &number.to_le_bytes(), &[UNIT, 0]]);
        assert_eq!(said(&bytes), expected, "{number}");
        let bytes = frame(INFO, &[&[SLICE, 0], &number.to_le_bytes(), &[U64, 0, 1]]);
        assert_eq!(said(&bytes), "torn", "{number} numbers");
        let bytes = frame(INFO, &[&[BYTES, 0], &number.to_le_bytes(), &[1]]);
        assert_eq!(said(&bytes), "torn", "{number} bytes");
    }
}

#[test]
fn slices_in_slices_claim_no_more_than_one() {
    let inner: &[u8] = &[0xe8, 3, 0, 0, UNIT, 0];
    let bytes = frame(INFO, &[&[SLICE, 0, 9, 0, 0, 0, SLICE, 0], &inner.repeat(9)]);
    assert_eq!(
        said(&bytes),
        "it claims more than 1024 elements that take no bytes"
    );
}

#[test]
fn a_frame_cannot_nest_values_without_end() {
    let nested = |times| frame(INFO, &[&[FORMAT, 0].repeat(times), &[UNIT, 0]]);
    assert_eq!(said(&nested(31)), "INFO  Unit");
    for times in [32, 30_000] {
        let deep = "its values are nested more than 32 deep";
        assert_eq!(said(&nested(times)), deep, "{times}");
    }
    let cbor = |len: u32| {
        let arrays = vec![0x81; len as usize];
        frame(TRACE, &[&len.to_le_bytes(), &arrays, &[UNIT, 0]])
    };
    let first = said(&cbor(32));
    assert!(first.starts_with("TRACE invalid CBOR"), "{first}");
    assert_eq!(
        said(&cbor(60_000)),
        "its values are nested more than 32 deep"
    );
}

#[test]
fn what_the_decoder_cannot_show_is_left_out() {
    let isize: &[u8] = &[ISIZE, 0, 1, 0, 0, 0];
    let no_isize = "defmt's decoder cannot show an isize in hexadecimal digits";
    assert_eq!(said(&frame(WARN, &[isize])), no_isize);
    assert_eq!(said(&frame(INFO, &[isize])), "INFO  1");
    let later: &[u8] = &[0xff; 8];
    let no_date = "its date is behind the year 9999";
    let unit: &[u8] = &[UNIT, 0];
    assert_eq!(said(&frame(DEBUG, &[later, unit])), no_date);
    let milliseconds: &[u8] = &[U64, 0];
    assert_eq!(
        said(&frame(DEBUG, &[&[0; 8], milliseconds, later])),
        no_date
    );
}

#[test]
fn an_encoding_without_ends_of_frames_is_not_awaited_for_ever() {
    let bytes = frame(INFO, &[&[BYTES, 0], &[0xff; 4], &vec![0; 2 * LONGEST]]);
    assert!(matches!(&*messages("raw", &bytes), [Message::Lost]));
    let twice = frame(INFO, &[&[UNIT, 0]]).repeat(2);
    let twice = messages("raw", &twice);
    assert!(matches!(&*twice, [Message::Line(_), Message::Line(_)]));
}
