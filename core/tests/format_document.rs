//! `FORMAT.md` is true: its example dump is what the code writes, read by the document's rules.
//!
//! The annotator below follows the document, not the crate's decoder. After a deliberate change
//! of the format, `GRADLET_BLESS=1 cargo test -p gradlet --test format_document` renews the dump.

use std::fmt::Write as _;

use gradlet::Variables;
use gradlet::checkpoint::{Choice, Encoder};
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Variable};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/FORMAT.md");
const BEGIN: &str = "<!-- dump: begin -->\n";
const END: &str = "<!-- dump: end -->";

const WEIGHTS: [f32; 4] = [1.0, -0.5, 0.25, 3.0];

/// One variable an encoding.
struct Example;

impl Variables for Example {
    fn count(&self) -> usize {
        6
    }
    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (name, shape, view) = match index {
            0 => (Name::new("global_step"), Shape::SCALAR, View::I64(&[7])),
            1 => (
                Name::scoped("head", "kernel"),
                Shape::matrix(2, 2),
                View::F32(&WEIGHTS),
            ),
            2 => (
                Name::slot("head", "kernel", "Adam"),
                Shape::matrix(2, 2),
                View::F32(&[0.1; 4]),
            ),
            3 => (
                Name::new("order"),
                Shape::vector(9),
                View::U8(&[2, 0, 0, 0, 0, 0, 1, 0, 0]),
            ),
            4 => (Name::new("half"), Shape::vector(4), View::F32(&WEIGHTS)),
            5 => (Name::new("tiny"), Shape::vector(4), View::F32(&WEIGHTS)),
            _ => return None,
        };
        Some(Variable {
            name,
            shape,
            collections: Collections::GLOBAL,
            view,
        })
    }
    fn variable_mut(&mut self, _: usize) -> Option<ViewMut<'_>> {
        None
    }
    fn global_step(&self) -> i64 {
        7
    }
    fn metadata(&self) -> &[u8] {
        b"v3"
    }
}

fn example() -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    let mut encoder =
        Encoder::new()
            .at_time(1_800_000_000)
            .choosing(|variable| match variable.name {
                name if name.is(b"half") => Choice::Bf16,
                name if name.is(b"tiny") => Choice::Blocks8,
                _ => Choice::Smallest,
            });
    let len = encoder.fill(&Example, &mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

/// Takes a file apart and says what each part is.
struct Annotator<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: String,
}

impl Annotator<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes[self.at + ahead]
    }

    fn number(&self, len: usize) -> i64 {
        let mut value = [0; 8];
        value[..len].copy_from_slice(&self.bytes[self.at..self.at + len]);
        i64::from_le_bytes(value)
    }

    fn part(&mut self, len: usize, meaning: &str) {
        let (mut meaning, part) = (meaning, &self.bytes[self.at..self.at + len]);
        for (row, chunk) in part.chunks(8).enumerate() {
            let hex: Vec<_> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let line = format!("{:04x}  {:23}  {meaning}", self.at + 8 * row, hex.join(" "));
            writeln!(self.lines, "{}", line.trim_end()).unwrap();
            meaning = "";
        }
        self.at += len;
    }

    fn padding(&mut self, len: usize) {
        if len > 0 {
            self.part(len, "padding");
        }
    }

    fn header(&mut self) {
        self.part(4, "magic");
        self.part(1, &format!("version {}", self.peek(0)));
        self.part(1, "no flags");
        let fields = self.number(2) as usize;
        self.part(2, &format!("{fields} bytes of fields"));
        let end = self.at + fields;
        while self.at < end && self.peek(0) != 0 {
            let (tag, len) = (self.peek(0), usize::from(self.peek(1)));
            self.part(2, &format!("field {tag} of {len} bytes:"));
            let value = self.number(len);
            let meaning = match tag {
                1 => format!("  global step {value}"),
                2 => format!("  time {value}"),
                3 => format!("  model id {value:08x}"),
                4 => "  metadata".to_owned(),
                _ => panic!("the document knows no field {tag}"),
            };
            self.part(len, &meaning);
        }
        self.padding(end - self.at);
    }

    /// A record; false for the end record.
    fn record(&mut self) -> bool {
        self.lines.push('\n');
        if self.peek(0) == 255 {
            self.part(2, "end");
            self.part(2, &format!("{} records", self.number(2)));
            self.part(4, &format!("{} bytes", self.number(4)));
            self.part(4, "checksum of the structure");
            return false;
        }
        assert_eq!(self.peek(0), 1, "the document knows no such record");
        self.part(1, "tensor");
        let head = usize::from(self.peek(0));
        self.part(1, &format!("head of {head} bytes"));
        self.part(1, &format!("element type {}", self.peek(0)));
        let (encoding, rank) = (self.peek(0) & 15, self.peek(0) >> 4);
        let names = ["raw", "constant", "zero runs", "bfloat16", "8-bit blocks"];
        let encoding = names[usize::from(encoding)];
        self.part(1, &format!("{encoding}, rank {rank}"));
        let stored = self.number(4) as usize;
        self.part(4, &format!("{stored} bytes stored"));
        let end = self.at + head;
        for index in 0..rank {
            assert!(self.peek(0) < 128, "the example has small dimensions");
            let dim = format!("dimension {index}: {}", self.peek(0));
            self.part(1, &dim);
        }
        let name: Vec<u8> = self.bytes[self.at..end]
            .iter()
            .copied()
            .take_while(|&byte| byte != 0)
            .collect();
        let meaning = format!("name \"{}\"", String::from_utf8(name.clone()).unwrap());
        self.part(name.len(), &meaning);
        self.padding(end - self.at);
        assert_eq!(self.at % 4, 0, "payloads are aligned");
        let payload_end = self.at + stored;
        match encoding {
            "raw" => self.part(stored, "elements"),
            "constant" => self.part(stored, "element"),
            "bfloat16" => self.part(stored, "elements, rounded"),
            "8-bit blocks" => {
                self.part(2, "scale");
                self.part(stored - 2, "integers");
            }
            _ => {
                while self.at < payload_end {
                    let zeros = self.peek(0);
                    self.part(1, &format!("{zeros} zeros"));
                    if self.at < payload_end {
                        let literals = self.peek(0);
                        self.part(1, &format!("{literals} literals"));
                        self.part(literals.into(), "  elements");
                    }
                }
            }
        }
        self.padding(stored.wrapping_neg() % 4);
        self.part(4, "checksum of the elements");
        true
    }
}

fn dump(bytes: &[u8]) -> String {
    let lines = String::new();
    let mut annotator = Annotator {
        bytes,
        at: 0,
        lines,
    };
    annotator.header();
    while annotator.record() {}
    assert_eq!(annotator.at, bytes.len(), "nothing follows the end record");
    annotator.lines
}

#[test]
fn the_dump_in_the_document_is_what_the_code_writes() {
    let expected = format!("```text\n{}```\n", dump(&example()));
    let document = std::fs::read_to_string(DOCUMENT).expect("FORMAT.md is beside Cargo.toml");
    let (before, rest) = document.split_once(BEGIN).expect("a begin marker");
    let (found, after) = rest.split_once(END).expect("an end marker");
    if std::env::var_os("GRADLET_BLESS").is_some() {
        std::fs::write(DOCUMENT, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(
            found == expected,
            "FORMAT.md shows\n{found}\nbut the code writes\n{expected}\nif that is meant, run again with GRADLET_BLESS=1"
        );
    }
}

#[test]
fn the_document_tells_the_version_that_is_written() {
    let document = std::fs::read_to_string(DOCUMENT).expect("FORMAT.md is beside Cargo.toml");
    let version = gradlet::checkpoint::VERSION;
    let claim = format!("This document describes **version {version}");
    assert!(document.contains(&claim), "FORMAT.md does not say: {claim}");
}
