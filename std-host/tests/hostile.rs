//! Files made to harm: they can neither make a reader panic, nor hold more memory than a small
//! multiple of their size, nor make a writer leave its folder.
//!
//! `fuzz/` looks for such files; here are those that a person would think of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gradlet_host::bundle::{self, data_path, index_path};
use gradlet_host::convert::{Format, Options, Source, Step, convert};
use gradlet_host::meta_graph::MetaGraph;
use gradlet_host::object_graph::ObjectGraph;
use gradlet_host::proto::bundle::{BundleEntryProto, BundleHeaderProto};
use gradlet_host::proto::object_graph::{ObjectReference, TrackableObject, TrackableObjectGraph};
use gradlet_host::proto::saved_slices::{SavedSliceMeta, SavedTensorSliceMeta, SavedTensorSlices};
use gradlet_host::proto::shape::TensorShapeProto;
use gradlet_host::proto::slice::{Extent as ExtentProto, TensorSliceProto};
use gradlet_host::records::RecordReader;
use gradlet_host::table::{Table, TableWriter};
use gradlet_host::{DType, Durability, Extent, Slice, Tensor, crc, v1};
use peak_alloc::PeakAlloc;
use prost::Message as _;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The counter is one for all threads, and what other tests read is large: they take turns.
static TURN: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that a reader may hold for each of its file's.
const PER_BYTE: usize = 64;

/// Bytes that it may hold whatever the file: buffers of a fixed size.
const FIXED: usize = 4 << 20;

/// Runs `read` on a file of `len` bytes and says how much it held beyond what it may.
fn bounded<T>(what: &str, len: usize, read: impl FnOnce() -> T) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = read();
    let held = MEMORY.peak_usage().saturating_sub(before);
    let most = FIXED + PER_BYTE * len;
    assert!(
        held <= most,
        "{what}: a file of {len} bytes made its reader hold {held}"
    );
    result
}

fn table(records: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut records = records.to_vec();
    records.sort();
    let mut writer = TableWriter::new(Vec::new(), Path::new("table"));
    for (key, value) in &records {
        writer.add(key, value).unwrap();
    }
    writer.finish().unwrap()
}

fn header(num_shards: i32) -> (Vec<u8>, Vec<u8>) {
    let header = BundleHeaderProto {
        num_shards,
        ..BundleHeaderProto::default()
    };
    (Vec::new(), header.encode_to_vec())
}

fn entry(dtype: DType, dims: &[u64], size: i64, data: &[u8]) -> BundleEntryProto {
    BundleEntryProto {
        dtype: dtype.number(),
        shape: Some(TensorShapeProto::from_dims(dims)),
        size,
        crc32c: crc::mask(crc::crc32c(data)),
        ..BundleEntryProto::default()
    }
}

/// Writes a bundle and does everything with it that a reader does.
fn read_bundle(what: &str, records: &[(Vec<u8>, Vec<u8>)], data: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("m");
    let index = table(records);
    fs::write(index_path(&prefix), &index).unwrap();
    fs::write(data_path(&prefix, 0, 1), data).unwrap();
    bounded(what, index.len() + data.len(), || {
        let mut errors = Vec::new();
        let mut note = |error: gradlet_host::Error| errors.push(error.to_string());
        let reader = match bundle::Reader::open(&prefix) {
            Ok(reader) => reader,
            Err(error) => return vec![error.to_string()],
        };
        for entry in reader.entries().map_err(&mut note).unwrap_or_default() {
            reader
                .read_entry(&entry)
                .map(drop)
                .unwrap_or_else(&mut note);
            reader.map_entry(&entry).map(drop).unwrap_or_else(&mut note);
        }
        reader.verify().map(drop).unwrap_or_else(&mut note);
        errors
    })
}

#[test]
fn a_bundles_index_cannot_claim_what_its_data_do_not_hold() {
    let _turn = alone();
    let with = |name: &str, entry: BundleEntryProto| {
        vec![header(1), (name.as_bytes().to_vec(), entry.encode_to_vec())]
    };
    let huge = 1 << 40;
    for (what, records) in [
        (
            "elements",
            with("x", entry(DType::Float32, &[huge], 8, b"12345678")),
        ),
        (
            "bytes",
            with("x", entry(DType::Float32, &[huge], 4 << 40, b"12345678")),
        ),
        (
            "strings",
            with("x", entry(DType::String, &[huge], 8, b"12345678")),
        ),
        (
            "variants",
            with("x", entry(DType::Variant, &[huge], 8, b"12345678")),
        ),
        (
            "a negative size",
            with("x", entry(DType::Float32, &[2], -8, b"12345678")),
        ),
        (
            "too many elements",
            with("x", entry(DType::Float32, &[huge, huge], 8, b"12345678")),
        ),
        (
            "a resource",
            with("x", entry(DType::Resource, &[2], 8, b"12345678")),
        ),
    ] {
        let errors = read_bundle(what, &records, b"12345678");
        assert!(!errors.is_empty(), "{what}: nothing was noticed");
    }
    let errors = read_bundle("data files", &[header(i32::MAX)], b"");
    assert!(
        errors.is_empty(),
        "a bundle without tensors reads: {errors:?}"
    );
}

#[test]
fn slices_that_share_their_bytes_make_no_tensor_larger_than_the_file() {
    let _turn = alone();
    let (rows, columns) = (1_000u64, 1 << 20);
    let data = vec![7; columns as usize];
    let mut records = vec![header(1)];
    let mut whole = entry(DType::UInt8, &[rows, columns], 0, b"");
    let part = entry(DType::UInt8, &[1, columns], columns as i64, &data);
    for row in 0..rows {
        let extents = [
            Extent::Range {
                start: row,
                length: 1,
            },
            Extent::Full,
        ];
        records.push((Slice::new(extents).encode_key(b"x"), part.encode_to_vec()));
        let extent = |start, length| ExtentProto { start, length };
        let extents = vec![extent(row as i64, Some(1)), extent(0, None)];
        whole.slices.push(TensorSliceProto { extent: extents });
    }
    records.push((b"x".to_vec(), whole.encode_to_vec()));
    let errors = read_bundle("slices", &records, &data);
    assert!(
        errors.iter().any(|error| error.contains("the files have")),
        "a tensor of 1 GiB came out of 1 MiB: {errors:?}"
    );
}

#[test]
fn a_snappy_block_cannot_claim_what_it_does_not_hold() {
    let _turn = alone();
    // "a" and then copies of it: 64 bytes from three, as dense as snappy gets.
    let claim = |len: u32| {
        let mut block = Vec::new();
        let mut rest = len;
        while rest >= 0x80 {
            block.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        block.push(rest as u8);
        block.extend([0, b'a']);
        block.extend([0xfe, 1, 0].repeat(100));
        block
    };
    for len in [6401, u32::MAX] {
        let block = claim(len);
        let mut file = block.clone();
        let trailer = |file: &mut Vec<u8>, start: usize, kind: u8| {
            let sum = crc::extend(crc::crc32c(&file[start..]), &[kind]);
            file.push(kind);
            file.extend(crc::mask(sum).to_le_bytes());
        };
        trailer(&mut file, 0, 1);
        // The same block serves as the index: what it decompresses to is no index, which is found
        // out after the claim.
        let size = block.len() as u32;
        let varint = [size as u8 | 0x80, (size >> 7) as u8];
        let mut footer = [&[0][..], &varint, &[0], &varint].concat();
        footer.resize(40, 0);
        footer.extend(0xdb47_7524_8b80_fb57u64.to_le_bytes());
        file.extend(footer);
        let len = file.len();
        let opened = bounded("snappy", len, || Table::from_bytes(Path::new("t"), file));
        assert!(opened.is_err(), "garbage is no table");
    }
}

#[test]
fn a_v1_checkpoint_cannot_claim_what_it_does_not_hold() {
    let _turn = alone();
    for dtype in [
        DType::Float32,
        DType::String,
        DType::Bool,
        DType::Complex128,
    ] {
        let meta = SavedTensorSliceMeta {
            tensor: vec![SavedSliceMeta {
                name: b"x".to_vec(),
                shape: Some(TensorShapeProto::from_dims(&[1 << 40])),
                r#type: dtype.number(),
                slice: vec![TensorSliceProto {
                    extent: vec![ExtentProto {
                        start: 0,
                        length: None,
                    }],
                }],
            }],
            versions: None,
        };
        let meta = SavedTensorSlices {
            meta: Some(meta),
            data: None,
        };
        let bytes = table(&[
            (Vec::new(), meta.encode_to_vec()),
            (
                Slice::full(1).encode_key(b"x"),
                SavedTensorSlices::default().encode_to_vec(),
            ),
        ]);
        let read = bounded("v1", bytes.len(), || {
            let reader =
                v1::Reader::from_table(Table::from_bytes(Path::new("v1"), bytes.clone())?)?;
            reader.read("x")
        });
        assert!(read.is_err(), "{dtype}: a tensor came out of nothing");
    }
}

#[test]
fn paths_in_an_object_graph_cannot_grow_without_bound() {
    let _turn = alone();
    // Each object is an attribute of the one before, with a long name: paths grow by the square.
    let node = |number: i32, count: i32| TrackableObject {
        children: (number + 1 < count)
            .then(|| ObjectReference {
                node_id: number + 1,
                local_name: "n".repeat(200),
            })
            .into_iter()
            .collect(),
        ..TrackableObject::default()
    };
    let graph = TrackableObjectGraph {
        nodes: (0..5_000).map(|number| node(number, 5_000)).collect(),
    };
    let bytes = graph.encode_to_vec();
    drop(graph);
    let decoded = bounded("object graph", bytes.len(), || {
        ObjectGraph::decode(&bytes).map(|graph| graph.variables().len())
    });
    let reason = decoded.expect_err("2.5 GB of paths from 1 MB");
    assert!(reason.contains("paths"), "{reason}");
}

#[test]
fn nested_messages_do_not_exhaust_the_stack() {
    let _turn = alone();
    let nested = "graph_def { library { function { node_def { attr { value { func { attr { value "
        .repeat(100_000);
    let text = bounded("text", nested.len(), || {
        MetaGraph::from_text(&nested).is_err()
    });
    assert!(text, "no text nests so deep");
    // A message within a message within …, each as long as all that follow it.
    let mut message = Vec::new();
    for _ in 0..200 {
        let mut outer = vec![0x12];
        prost::encoding::encode_varint(message.len() as u64, &mut outer);
        outer.extend(&message);
        message = outer;
    }
    bounded("message", message.len(), || {
        drop(MetaGraph::decode(&message))
    });
}

#[test]
fn a_record_cannot_claim_what_the_file_does_not_hold() {
    let _turn = alone();
    let length = (1u64 << 40).to_le_bytes();
    let mut bytes = length.to_vec();
    bytes.extend(crc::mask(crc::crc32c(&length)).to_le_bytes());
    bytes.extend(b"little");
    let read = bounded("record", bytes.len(), || {
        RecordReader::new(&bytes[..]).next_record().map(|_| ())
    });
    assert!(read.is_err(), "a record of 1 TiB came out of 18 bytes");
}

#[test]
fn other_programs_files_cannot_claim_what_they_do_not_hold() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    for header in [
        r#"{"x":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#,
        r#"{"x":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}}"#,
        r#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
    ] {
        for claimed in [header.len() as u64, u64::MAX, 1 << 33] {
            let bytes = [&claimed.to_le_bytes()[..], header.as_bytes(), b"12345678"].concat();
            fs::write(&path, &bytes).unwrap();
            let opened = bounded("safetensors", bytes.len(), || {
                Source::open(&path)?
                    .tensors()
                    .map_err(gradlet_host::ManagementError::from)
            });
            assert!(opened.is_err(), "{header}, {claimed}");
        }
    }
}

/// Names that would lead out of a folder if they became paths.
const NAMES: [&str; 7] = [
    "../escaped",
    "a/../../escaped",
    "/tmp/gradlet-escaped",
    "nul\0name",
    "..",
    "dir/",
    "C:\\escaped",
];

#[test]
fn no_name_leads_out_of_the_output_folder() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    let inside = outside.join("inside");
    fs::create_dir_all(&inside).unwrap();
    let source = folder.path().join("source/m");
    let mut writer = bundle::Writer::create(&source).unwrap();
    for name in NAMES {
        writer.add(name, Tensor::scalar(1f32).view()).unwrap();
    }
    writer.finish().unwrap();
    let beside = |folder: &Path| -> BTreeSet<PathBuf> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    let before = beside(&outside);
    for (format, target) in [
        (Format::V2, "m"),
        (Format::V1, "v1"),
        (Format::Device, "m.gck"),
        (Format::Npz, "m.npz"),
        (Format::Safetensors, "m.safetensors"),
    ] {
        let options = Options {
            format: Some(format),
            step: Step::Omitted,
            durability: Durability::Unsynced,
            ..Options::default()
        };
        let source = Source::open(&source).unwrap();
        let target = inside.join(target);
        // A format may refuse a name, as a device does one with a zero byte; then nothing is left.
        if convert(&source, &target, &options).is_ok() {
            let found = Source::open(&target).unwrap().tensors().unwrap();
            assert_eq!(found.len(), NAMES.len(), "{format:?}");
        }
        assert_eq!(
            beside(&outside),
            before,
            "{format:?} wrote outside its folder"
        );
        assert!(!Path::new("/tmp/gradlet-escaped").exists(), "{format:?}");
    }
    for file in beside(&inside) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let expected = name.starts_with("m") || name == "v1" || name == "checkpoint";
        assert!(expected && file.is_file(), "{name} was left behind");
    }
}

#[test]
fn a_target_with_a_zero_byte_is_refused() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("m");
    let mut writer = bundle::Writer::create(&source).unwrap();
    writer.add("x", Tensor::scalar(1f32).view()).unwrap();
    writer.finish().unwrap();
    for target in ["out\0.npz", "out\0", "out\0.gck"] {
        let source = Source::open(&source).unwrap();
        let target = folder.path().join(target);
        assert!(convert(&source, target, &Options::default()).is_err());
    }
}
