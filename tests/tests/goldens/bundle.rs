//! V2 bundles that TensorFlow wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gradlet_host::bundle::{Header, Layout, Options, Reader, Writer, index_path, rewrite};
use gradlet_host::table::Table;
use gradlet_host::{Durability, Elements, Tensor};
use gradlet_tests::golden::{Case, Golden, GoldenBundle, GoldenTensor};
use sha2::{Digest, Sha256};

/// The manifest's hash of a tensor.
pub(crate) fn hash(tensor: &Tensor) -> String {
    let mut hash = Sha256::new();
    match tensor.view().elements {
        Elements::Bytes(bytes) => hash.update(bytes),
        Elements::Strings(strings) => {
            for string in strings.iter() {
                hash.update((string.len() as u64).to_le_bytes());
                hash.update(string);
            }
        }
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares a tensor with what the manifest says about it.
pub(crate) fn assert_tensor(about: &str, golden: &GoldenTensor, tensor: &Tensor) {
    let key = &golden.key;
    assert_eq!(
        tensor.dtype().name(),
        golden.dtype,
        "{about}: type of {key}"
    );
    assert_eq!(tensor.shape(), golden.shape, "{about}: shape of {key}");
    assert_eq!(hash(tensor), golden.sha256, "{about}: values of {key}");
}

#[test]
fn every_tensor_has_the_value_that_tensorflow_restored() {
    let golden = Golden::load();
    let mut seen = 0;
    for case in golden.cases() {
        for GoldenBundle {
            prefix, tensors, ..
        } in case.bundles()
        {
            if tensors.is_empty() {
                continue;
            }
            let reader = Reader::open(golden.path(&prefix)).expect(&prefix);
            let names: Vec<String> = reader
                .entries()
                .expect(&prefix)
                .iter()
                .map(|e| e.name.to_string())
                .collect();
            let expected: Vec<String> = tensors
                .iter()
                .map(|t| gradlet_host::Name::from(t.key.as_str()).to_string())
                .collect();
            assert_eq!(names, expected, "{prefix}: names in their order");
            for tensor in &tensors {
                let found = reader.read(&tensor.key).expect(&prefix);
                assert_tensor(&prefix, tensor, &found);
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "the manifest describes no tensors");
}

/// Every file of the bundle `prefix`, by name.
pub(crate) fn files_of(prefix: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = prefix.parent().expect("a prefix lies in a folder");
    let stem = prefix
        .file_name()
        .expect("a prefix has a name")
        .to_str()
        .expect("UTF-8");
    let mut files = BTreeMap::new();
    for file in fs::read_dir(folder).expect("the folder can be read") {
        let path = file.expect("the folder can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8")
            .to_owned();
        let suffix = name.strip_prefix(stem).unwrap_or_default();
        if suffix == ".index" || suffix.starts_with(".data-") {
            files.insert(
                suffix.to_owned(),
                fs::read(&path).expect("the file can be read"),
            );
        }
    }
    assert!(
        files.contains_key(".index"),
        "{} has no index",
        prefix.display()
    );
    files
}

/// Bundles that TensorFlow can read but would not write: compressed blocks, unshortened keys.
fn read_only(case: &Case) -> bool {
    case.fields.contains_key("block_types")
}

#[test]
fn rewriting_gives_tensorflows_own_bytes() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut seen = 0;
    for (case, prefix) in golden.bundle_prefixes() {
        if read_only(case) {
            continue;
        }
        let source = golden.path(prefix);
        let target = folder.path().join(prefix);
        rewrite(&source, &target, Durability::Unsynced).expect(prefix);
        assert_eq!(
            files_of(&target),
            files_of(&source),
            "{prefix} came out differently"
        );
        seen += 1;
    }
    assert!(seen > 0, "no bundle was rewritten");
}

#[test]
fn rewriting_tensor_by_tensor_gives_tensorflows_own_bytes() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut seen = 0;
    for (case, prefix) in golden.bundle_prefixes() {
        let reader = Reader::open(golden.path(prefix)).expect(prefix);
        if read_only(case) || reader.header().version != Header::default().version {
            continue;
        }
        let target = folder.path().join(prefix);
        write_again(&reader, &target).expect(prefix);
        assert_eq!(
            files_of(&target),
            files_of(&golden.path(prefix)),
            "{prefix}"
        );
        seen += 1;
    }
    assert!(seen > 0, "no bundle was rewritten");
}

/// Writes what a bundle stores as a user would, tensor by tensor and slice by slice.
fn write_again(reader: &Reader, target: &Path) -> gradlet_host::Result<()> {
    let mut slices = BTreeMap::new();
    for entry in reader.entries()? {
        if let Layout::Sliced(parts) = &entry.layout {
            for part in parts {
                slices.insert(part.encode_key(&entry.name), (entry.clone(), part.clone()));
            }
        }
    }
    let mut stored = Vec::new();
    for entry in reader.stored_entries()? {
        if let Layout::Whole(at) = entry.layout {
            stored.push((at, entry));
        }
    }
    stored.sort_by_key(|(at, _)| (at.shard, at.offset, at.size));
    let endianness = reader.header().endianness;
    let options = Options {
        durability: Durability::Unsynced,
        endianness,
    };
    let mut writer = Writer::with_options(target, options)?;
    let mut shard = 0;
    for (at, entry) in stored {
        while shard < at.shard {
            writer.next_shard()?;
            shard += 1;
        }
        let tensor = reader.read_entry(&entry)?;
        match slices.get(entry.name.as_bytes()) {
            Some((full, part)) => {
                writer.add_slice(&full.name, &full.shape, part, tensor.view())?;
            }
            None => writer.add(&entry.name, tensor.view())?,
        }
    }
    writer.finish()
}

#[test]
fn checking_a_whole_bundle_finds_nothing_wrong_with_tensorflows() {
    let golden = Golden::load();
    for (_, prefix) in golden.bundle_prefixes() {
        let bytes = Reader::open(golden.path(prefix)).and_then(|reader| reader.verify());
        assert!(bytes.expect(prefix) > 0, "{prefix}: no bytes were checked");
    }
}

#[test]
fn counts_of_records_blocks_and_files_are_the_manifests() {
    let golden = Golden::load();
    let mut seen = 0;
    for bundle in golden.cases().iter().flat_map(Case::bundles) {
        let prefix = bundle.prefix.as_str();
        let reader = Reader::open(golden.path(prefix)).expect(prefix);
        if let Some(shards) = bundle.num_shards {
            assert_eq!(reader.header().shards, shards, "{prefix}: data files");
        }
        if let Some(records) = bundle.index_entries {
            let found = reader.stored_entries().expect(prefix).len();
            assert_eq!(found, records, "{prefix}: records");
            seen += 1;
        }
        if let Some(blocks) = bundle.index_blocks {
            let table = Table::open(&index_path(&golden.path(prefix))).expect(prefix);
            assert_eq!(table.block_count(), blocks, "{prefix}: data blocks");
        }
    }
    assert!(seen > 0, "the manifest counts no records");
}

#[test]
fn every_one_of_thousands_of_names_is_listed_and_found() {
    let golden = Golden::load();
    for case in golden.of_kind(&["bundle_compact"]) {
        let bundle: GoldenBundle = case.field("bundle");
        let reader = Reader::open(golden.path(&bundle.prefix)).expect(&bundle.prefix);
        let entries = reader.entries().expect(&bundle.prefix);
        let names: Vec<&[u8]> = entries.iter().map(|entry| entry.name.as_bytes()).collect();
        let expected: String = case.field("keys_sha256");
        assert_eq!(
            hex(&Sha256::digest(names.join(&b'\n'))),
            expected,
            "{}: names",
            case.name
        );
        let mut values = Vec::new();
        for entry in &entries {
            let tensor = reader.read(&entry.name).expect(&bundle.prefix);
            values.extend_from_slice(tensor.bytes().expect("numbers"));
        }
        let expected: String = case.field("values_in_sorted_key_order_sha256");
        assert_eq!(
            hex(&Sha256::digest(values)),
            expected,
            "{}: values",
            case.name
        );
        let sample: Vec<(String, i32)> = case.field("sample");
        assert!(!sample.is_empty(), "{} has no sample", case.name);
        for (name, value) in sample {
            let found = reader.read(&name).expect(&name).values::<i32>();
            assert_eq!(found, Some(vec![value]), "{name}");
        }
    }
}

#[test]
fn compressed_blocks_and_unshortened_keys_are_read() {
    let golden = Golden::load();
    for case in golden.of_kind(&["bundle_synthetic"]) {
        let Some(count) = case.optional::<usize>("count") else {
            continue;
        };
        for field in ["prefix", "second_prefix"] {
            let prefix: String = case.field(field);
            let reader = Reader::open(golden.path(&prefix)).expect(&prefix);
            let entries = reader.entries().expect(&prefix);
            assert_eq!(entries.len(), count, "{prefix}: names");
            for (number, entry) in entries.iter().enumerate() {
                let name = format!("net/variable_number_{number:04}/weights");
                assert_eq!(entry.name, name.as_str(), "{prefix}: name {number}");
                let value = reader.read(&name).expect(&prefix).values::<f32>();
                assert_eq!(value, Some(vec![number as f32]), "{prefix}: {name}");
            }
        }
    }
}

#[test]
fn variants_are_carried_through_as_they_are_stored() {
    let golden = Golden::load();
    for case in golden.of_kind(&["bundle_variant"]) {
        let prefix: String = case.field("prefix");
        let expected: serde_json::Value = case.field("entry");
        let key = expected["key"].as_str().expect("a key");
        let reader = Reader::open(golden.path(&prefix)).expect(&prefix);
        let entry = reader.entry(key).expect(key);
        assert_eq!(
            i64::from(entry.dtype.number()),
            expected["dtype_enum"].as_i64().unwrap()
        );
        let Layout::Whole(at) = entry.layout else {
            panic!("{key} is stored in slices")
        };
        assert_eq!(
            Some(at.offset),
            expected["offset"].as_u64(),
            "{key}: offset"
        );
        assert_eq!(Some(at.size), expected["size"].as_u64(), "{key}: size");
        let masked = u64::from(gradlet_host::crc::mask(at.crc32c));
        assert_eq!(Some(masked), expected["crc32c"].as_u64(), "{key}: checksum");
        let tensor = reader.read(key).expect(key);
        let file = golden.read(&format!("{prefix}.data-00000-of-00001"));
        let stored = &file[at.offset as usize..][..at.size as usize];
        assert_eq!(tensor.bytes(), Some(stored), "{key}: bytes");
    }
}
