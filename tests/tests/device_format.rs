//! Files of every version of the device format stay readable, and today's writer writes its own.
//!
//! `tests/data/gck` holds a checkpoint a version and, beside it, what is in it. While the version
//! is not frozen, `GRADLET_BLESS=1 cargo test -p gradlet-tests --test device_format` renews its
//! pair; a frozen version's never changes.

use std::fs;
use std::path::PathBuf;

use gradlet::Variables;
use gradlet::checkpoint::{Checkpoint, Choice, Encoder, Piece, VERSION};
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Variable};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/gck"))
}

/// A tensor of each type that a device can train, and of each encoding.
struct Sample {
    noise: Vec<f32>,
    sparse: Vec<f32>,
    order: Vec<u8>,
}

impl Sample {
    fn new() -> Self {
        let noise = |index: u32| {
            let bits = index.wrapping_mul(2_654_435_761) >> 8;
            bits as f32 / 8_388_608.0 - 1.0
        };
        Self {
            noise: (0..70).map(noise).collect(),
            sparse: (0..70)
                .map(|index| {
                    if index / 10 % 3 == 1 {
                        noise(index)
                    } else {
                        0.0
                    }
                })
                .collect(),
            order: (0..150).collect(),
        }
    }
}

impl Variables for Sample {
    fn count(&self) -> usize {
        10
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let matrix = Shape::matrix(7, 10);
        let (name, shape, view) = match index {
            0 => (Name::new("beta1_power"), Shape::SCALAR, View::F32(&[0.9])),
            1 => (Name::new("global_step"), Shape::SCALAR, View::I64(&[-3])),
            2 => (
                Name::scoped("head", "kernel"),
                matrix,
                View::F32(&self.noise),
            ),
            3 => (
                Name::slot("head", "kernel", "Momentum"),
                matrix,
                View::F32(&self.sparse),
            ),
            4 => (
                Name::slot("head", "kernel", "Adagrad"),
                matrix,
                View::F32(&[0.1; 70]),
            ),
            5 => (Name::new("half"), matrix, View::F32(&self.noise)),
            6 => (Name::new("blocks"), matrix, View::F32(&self.noise)),
            7 => (
                Name::new("order"),
                Shape::vector(150),
                View::U8(&self.order),
            ),
            8 => (
                Name::new("random_state"),
                Shape::vector(2),
                View::U32(&[u32::MAX, 7]),
            ),
            9 => (
                Name::new("replay/features"),
                Shape::matrix(1, 3),
                View::I8(&[-128, 0, 127]),
            ),
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
        -3
    }

    fn metadata(&self) -> &[u8] {
        b"gradlet"
    }
}

fn written_today() -> Vec<u8> {
    let mut encoder =
        Encoder::new()
            .at_time(1_790_000_000)
            .choosing(|variable| match variable.name {
                name if name.is(b"half") => Choice::Bf16,
                name if name.is(b"blocks") => Choice::Blocks8,
                _ => Choice::Smallest,
            });
    let mut bytes = vec![0; 8192];
    let len = encoder.fill(&Sample::new(), &mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All that a reader gets.
fn contents(bytes: &[u8]) -> Value {
    let checkpoint = Checkpoint::parse(bytes).expect("a golden checkpoint is whole");
    let info = checkpoint.info();
    let tensors = checkpoint.tensors().map(|tensor| {
        let mut elements = Vec::new();
        tensor.decode(|piece| match piece {
            Piece::Elements(bytes) => elements.extend_from_slice(bytes),
            Piece::Repeated { element, count } => {
                (0..count).for_each(|_| elements.extend_from_slice(element));
            }
        });
        json!({
            "name": tensor.info.name,
            "dtype": tensor.info.dtype.number(),
            "shape": tensor.info.shape.dims(),
            "encoding": tensor.info.encoding.number(),
            "stored_len": tensor.info.stored_len,
            "crc32c": tensor.crc32c,
            "elements": hex(&elements),
        })
    });
    json!({
        "version": bytes[4],
        "global_step": info.global_step,
        "time": info.time,
        "model_id": info.model_id,
        "metadata": hex(checkpoint.metadata()),
        "tensors": tensors.collect::<Vec<_>>(),
    })
}

#[test]
fn files_of_every_version_stay_readable() {
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder()).expect("the golden folder") {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "gck") {
            continue;
        }
        let expected = fs::read_to_string(path.with_extension("json")).expect("its contents");
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let found = contents(&fs::read(&path).unwrap());
        assert_eq!(found, expected, "{}", path.display());
        versions.push(found["version"].as_u64());
    }
    assert!(
        versions.contains(&Some(VERSION.into())),
        "no golden of version {VERSION}, only of {versions:?}"
    );
}

#[test]
fn the_writer_still_writes_the_golden_of_its_version() {
    let path = folder().join(format!("v{VERSION}.gck"));
    let bytes = written_today();
    if std::env::var_os("GRADLET_BLESS").is_some() {
        assert_eq!(VERSION, 0, "a frozen version's golden never changes");
        fs::write(&path, &bytes).unwrap();
        let text = serde_json::to_string_pretty(&contents(&bytes)).unwrap();
        fs::write(path.with_extension("json"), text + "\n").unwrap();
    }
    let golden = fs::read(&path).expect("the golden of this version");
    assert!(
        bytes == golden,
        "version {VERSION} is written differently: readers of released firmware are affected; \
         while the version is not frozen, GRADLET_BLESS=1 renews the golden"
    );
}

#[test]
fn the_golden_has_every_encoding() {
    let golden = contents(&fs::read(folder().join(format!("v{VERSION}.gck"))).unwrap());
    let encodings: std::collections::BTreeSet<_> = golden["tensors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tensor| tensor["encoding"].as_u64().unwrap())
        .collect();
    assert_eq!(encodings.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}
