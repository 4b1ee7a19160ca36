//! Files of every version of the device format and of the flash region stay readable, and today's
//! writer writes its own.
//!
//! `tests/data/gck` holds files of each version and, beside each, what is in it. A frozen version's
//! files never change; `GRADLET_BLESS=1 cargo test -p gradlet-tests --test device_format` adds those
//! that are not there yet.

use std::fs;
use std::path::PathBuf;

use gradlet::checkpoint::{Checkpoint, Choice, Encoder, Piece, VERSION, restore, write};
use gradlet::manager::{CheckpointManager, Geometry, Image, Keep, Options, Restoration};
use gradlet::mock_flash::{MockFlash, Tear, storage_len};
use gradlet::tensor::{DType, Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Variable};
use gradlet::{Adam, Head, ReplayBuffer, Variables};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/gck"))
}

/// The golden of this name, made of `bytes` if it is to be and is not there yet.
fn golden(name: &str, bytes: &[u8], contents: impl Fn(&[u8]) -> Value) -> Vec<u8> {
    let path = folder().join(name);
    if std::env::var_os("GRADLET_BLESS").is_some() && !path.exists() {
        fs::write(&path, bytes).unwrap();
        let text = serde_json::to_string_pretty(&contents(bytes)).unwrap();
        fs::write(path.with_extension("json"), text + "\n").unwrap();
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A tensor of each element type, and of each encoding.
struct Sample {
    noise: Vec<f32>,
    sparse: Vec<f32>,
    order: Vec<u8>,
    bytes: Vec<u8>,
}

/// Tensors before those of every element type.
const NAMED: usize = 10;

impl Sample {
    fn new() -> Self {
        let noise = |index: u32| {
            let bits = index.wrapping_mul(2_654_435_761) >> 8;
            bits as f32 / 8_388_608.0 - 1.0
        };
        let sparse = |index: u32| match index / 10 % 3 {
            1 => noise(index),
            _ => 0.0,
        };
        Self {
            noise: (0..70).map(noise).collect(),
            sparse: (0..70).map(sparse).collect(),
            order: (0..150).collect(),
            // Bytes of any type; bools are 0 or 1.
            bytes: (0..24).map(|at: u8| at.wrapping_mul(89) | 1).collect(),
        }
    }

    fn of_type(&self, dtype: DType) -> View<'_> {
        const BOOLS: [u8; 3] = [1, 0, 1];
        match dtype {
            DType::Bool => View::LittleEndian(dtype, &BOOLS),
            _ => View::LittleEndian(dtype, &self.bytes[..3 * dtype.size()]),
        }
    }
}

impl Variables for Sample {
    fn count(&self) -> usize {
        NAMED + DType::ALL.len()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        const TYPES: [&str; 13] = [
            "float32", "float64", "int32", "uint8", "int16", "int8", "int64", "bool", "bfloat16",
            "uint16", "float16", "uint32", "uint64",
        ];
        let matrix = Shape::matrix(7, 10);
        let scope = |name| Name::scoped("head", name);
        let (name, shape, view) = match index {
            0 => (Name::new("beta1_power"), Shape::SCALAR, View::F32(&[0.9])),
            1 => (Name::new("global_step"), Shape::SCALAR, View::I64(&[-3])),
            2 => (scope("kernel"), matrix, View::F32(&self.noise)),
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
            8 => (Name::new("empty"), Shape::matrix(0, 4), View::F32(&[])),
            9 => (
                Name::new("replay/features"),
                Shape::matrix(1, 3),
                View::I8(&[-128, 0, 127]),
            ),
            _ => {
                let index = index.checked_sub(NAMED)?;
                let dtype = *DType::ALL.get(index)?;
                let name = Name::scoped("types", TYPES[index]);
                (name, Shape::vector(3), self.of_type(dtype))
            }
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

fn sample_file() -> Vec<u8> {
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

type Trained = (Head<6, 3, Adam>, ReplayBuffer<5, 6, 3>);

/// A head in mid-training with the samples that it is trained on.
fn trained() -> Trained {
    let mut head = Head::new(Adam::new(0.01));
    let mut replay = ReplayBuffer::new(7);
    for step in 0..8_u8 {
        let features: [i8; 6] =
            std::array::from_fn(|at| (i32::from(step) * 31 + at as i32 * 17) as i8);
        replay.push(&features, usize::from(step % 3)).unwrap();
        let (sample, label) = replay.next_sample().expect("a sample");
        head.minimize(&sample.map(|x| f32::from(x) / 64.0), label)
            .unwrap();
    }
    (head, replay)
}

fn trained_file(trained: &Trained) -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    let len = write(trained, &mut bytes[..]).unwrap();
    bytes.truncate(len as usize);
    bytes
}

type Flash = MockFlash<Vec<u8>, 1, 4, 512>;

const BLOCKS: usize = 6;

fn flash() -> Flash {
    Flash::new(vec![0; storage_len(512, BLOCKS)])
}

const KEEPING: Options = Options {
    max_to_keep: 2,
    keep: Keep::EverySteps(4),
    max_kept: 2,
    ..Options::DEFAULT
};

type Small = Head<2, 2, Adam>;

/// Eleven saves with restarts between, and one that power cut.
fn region() -> Vec<u8> {
    let mut flash = flash();
    let mut head = Small::new(Adam::new(0.01));
    let save = |flash: &mut Flash, head: &mut Small, saves: i64| {
        let mut manager = CheckpointManager::open(&mut *flash, KEEPING).unwrap();
        (0..saves).all(|_| {
            head.minimize(&[1.0, -0.5], 1).unwrap();
            manager.save(head).is_ok()
        })
    };
    assert!(save(&mut flash, &mut head, 7));
    assert!(save(&mut flash, &mut head, 4));
    flash.cut_power(40, Tear::Bytes(1));
    assert!(!save(&mut flash, &mut head, 1));
    flash.image().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All that a reader gets of a checkpoint.
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

/// All that a reader gets of a region.
fn contents_of_region(bytes: &[u8]) -> Value {
    let geometry = Geometry::new(4, 512, BLOCKS as u32).unwrap();
    let mut image = Image::new(bytes, geometry);
    let blocks: Vec<Value> = (0..BLOCKS as u32)
        .map(|number| {
            let block = image.block(number);
            json!({
                "is_used": block.is_used,
                "sequence": block.marker.map(|marker| marker.sequence),
                "erases": block.marker.map(|marker| marker.erases),
            })
        })
        .collect();
    let stored: Vec<_> = image.checkpoints().collect();
    let checkpoints: Vec<Value> = stored
        .iter()
        .map(|stored| {
            let pieces = image.pieces(stored);
            let content: Vec<u8> = pieces.flat_map(|piece| &bytes[piece]).copied().collect();
            json!({
                "save_counter": stored.header.save_counter(),
                "global_step": stored.info.global_step,
                "block": stored.block,
                "offset": stored.offset,
                "state": format!("{:?}", stored.state),
                "kept": stored.header.is_kept(),
                "copy": stored.header.is_copy(),
                "content": hex(&content),
            })
        })
        .collect();
    json!({ "version": bytes[BLOCKS * 512 - 512 + 4], "blocks": blocks, "checkpoints": checkpoints })
}

fn expected(name: &str) -> Value {
    let path = folder().join(name).with_extension("json");
    let text = fs::read_to_string(path).expect("what is in a golden");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn files_of_every_version_stay_readable() {
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder()).expect("the golden folder") {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = match path.extension().and_then(|end| end.to_str()) {
            Some("gck") => contents(&fs::read(&path).unwrap()),
            Some("bin") => contents_of_region(&fs::read(&path).unwrap()),
            _ => continue,
        };
        assert_eq!(found, expected(&name), "{name}");
        versions.push(found["version"].as_u64());
    }
    assert!(
        versions.contains(&Some(VERSION.into())),
        "no golden of version {VERSION}, only of {versions:?}"
    );
}

#[test]
fn the_writer_still_writes_the_goldens_of_its_version() {
    assert_eq!((VERSION, gradlet::manager::VERSION), (1, 1));
    let today = [
        ("v1.gck", sample_file()),
        ("v1-replay.gck", trained_file(&trained())),
    ];
    for (name, bytes) in today {
        let golden = golden(name, &bytes, contents);
        assert!(
            bytes == golden,
            "{name} is written differently: readers of released firmware are affected"
        );
    }
    let bytes = region();
    let golden = golden("v1-flash.bin", &bytes, contents_of_region);
    assert!(bytes == golden, "a region is written differently");
}

#[test]
fn the_goldens_have_every_encoding_and_every_type() {
    let golden = expected("v1.gck");
    let numbers = |what: &str| {
        let tensors = golden["tensors"].as_array().unwrap().iter();
        let numbers = tensors.map(|tensor| tensor[what].as_u64().unwrap());
        numbers.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(numbers("encoding"), (0..5).collect());
    let types = DType::ALL.map(|dtype| u64::from(dtype.number()));
    assert_eq!(numbers("dtype"), types.into_iter().collect());
    let states: Vec<Value> = expected("v1-flash.bin")["checkpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stored| stored["state"].clone())
        .collect();
    for state in ["Live", "GivenUp", "Torn"] {
        assert!(states.contains(&json!(state)), "no checkpoint is {state}");
    }
}

#[test]
fn a_run_goes_on_from_the_golden_as_it_would_have() {
    let bytes = fs::read(folder().join("v1-replay.gck")).unwrap();
    let mut restored: Trained = (Head::new(Adam::new(0.01)), ReplayBuffer::new(7));
    restore(&mut restored, &Checkpoint::parse(&bytes).unwrap()).unwrap();
    let mut never_stopped = trained();
    for _ in 0..20 {
        for (head, replay) in [&mut restored, &mut never_stopped] {
            let (sample, label) = replay.next_sample().expect("a sample");
            head.minimize(&sample.map(|x| f32::from(x) / 64.0), label)
                .unwrap();
        }
    }
    assert!(trained_file(&restored) == trained_file(&never_stopped));
}

#[test]
fn a_region_of_the_golden_is_opened_and_written_on() {
    let mut flash = flash();
    flash.load(&fs::read(folder().join("v1-flash.bin")).unwrap());
    for round in 0..30 {
        let mut manager = CheckpointManager::open(&mut flash, KEEPING).unwrap();
        let mut head = Small::new(Adam::new(0.01));
        let found = manager.restore_or_initialize(&mut head).unwrap();
        assert!(matches!(found, Restoration::Restored { step, .. } if step == 11 + round));
        head.minimize(&[1.0, -0.5], 1).unwrap();
        manager.save(&head).unwrap();
    }
    assert_eq!(flash.violation(), None);
}

#[test]
fn a_draft_is_refused_by_its_number() {
    use gradlet::checkpoint::Fault;
    let mut bytes = sample_file();
    for found in [0, 2, 255] {
        bytes[4] = found;
        let error = Checkpoint::parse(&bytes).unwrap_err();
        assert_eq!(error.fault, Fault::Version { found });
    }
}
