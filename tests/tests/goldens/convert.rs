//! TensorFlow's files through `convert`, as `gradlet convert` and `gradlet verify` take them.

use std::fs;
use std::path::Path;

use gradlet_host::convert::{self, Format, Options, Source, Step};
use gradlet_host::{Durability, ManagementError, Status, v1};
use gradlet_tests::golden::{Case, Golden};

use crate::bundle::files_of;
use crate::corrupt::for_each_damage;

/// Bundles that TensorFlow can read but would not write.
fn is_read_only(case: &Case) -> bool {
    case.fields.contains_key("block_types")
}

fn options(format: Format) -> Options {
    Options {
        format: Some(format),
        step: Step::Omitted,
        durability: Durability::Unsynced,
        ..Options::default()
    }
}

fn open(path: impl AsRef<Path>) -> Source {
    let path = path.as_ref();
    Source::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_bundle_comes_out_byte_for_byte() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = 0;
    for (case, prefix) in golden.bundle_prefixes() {
        let source = open(golden.path(prefix));
        source.verify().expect(prefix);
        if is_read_only(case) {
            continue;
        }
        let target = folder.path().join(prefix);
        let written = convert::convert(&source, &target, &options(Format::V2)).expect(prefix);
        assert_eq!(written.target, target);
        assert_eq!(
            files_of(&target),
            files_of(&golden.path(prefix)),
            "{prefix}"
        );
        seen += 1;
    }
    assert!(seen > 0, "no bundle was converted");
}

#[test]
fn every_v1_checkpoint_comes_out_byte_for_byte() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().expect("a folder");
    for case in golden.of_kind(&["v1_format"]) {
        let path: String = case.field("save_path");
        let source = open(golden.path(&path));
        source.verify().expect(&path);
        let target = folder.path().join(&case.name);
        let written = convert::convert(&source, &target, &options(Format::V1)).expect(&path);
        let names = |prefix: &Path| v1::find_files(prefix).expect(&path);
        let (before, after) = (names(&golden.path(&path)), names(&written.target));
        assert_eq!(before.len(), after.len(), "{path}: files");
        for (before, after) in before.iter().zip(&after) {
            let read = |file: &Path| fs::read(file).expect("a file");
            assert!(read(before) == read(after), "{path}: {}", after.display());
        }
    }
}

#[test]
fn what_a_device_can_hold_goes_there_and_back_with_every_bit() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut carried, mut refused) = (0, 0);
    for (case, prefix) in golden.bundle_prefixes() {
        if case.kind == "corruption_table" {
            continue;
        }
        let source = open(golden.path(prefix));
        let device = folder.path().join("device.gck");
        match convert::convert(&source, &device, &options(Format::Device)) {
            Ok(_) => {}
            // Strings, variants, names that are not UTF-8, parts of a whole, unknown optimizers.
            Err(error) if is_refusal(&error) => {
                assert!(!device.exists(), "{prefix}: refused, but written");
                refused += 1;
                continue;
            }
            Err(error) => panic!("{prefix}: {error}"),
        }
        let there = open(&device);
        let back = folder.path().join("back");
        convert::convert(&there, &back, &options(Format::V2)).expect(prefix);
        let back = open(&back);
        let flat = source.with_flat_names().expect(prefix);
        let before = flat.tensors().expect(prefix);
        assert_eq!(back.tensors().expect(prefix), before, "{prefix}");
        for tensor in before {
            let value = |source: &Source| source.read(&tensor.name).expect(prefix);
            assert_eq!(value(&back), value(&flat), "{prefix}: {}", tensor.name);
        }
        fs::remove_file(&device).expect("the device checkpoint");
        carried += 1;
    }
    assert!(
        carried > refused,
        "{carried} were carried, {refused} refused"
    );
}

/// Whether a checkpoint was refused for what it holds.
fn is_refusal(error: &ManagementError) -> bool {
    match error {
        ManagementError::File(error) => error.status() == Status::InvalidArgument,
        ManagementError::Mismatch(_) => true,
        _ => false,
    }
}

#[test]
fn converting_and_verifying_notice_every_damage() {
    for_each_damage(|prefix, damage| {
        let about = &damage.desc;
        let damaged = damage.op != "xor0";
        let verified = Source::open(prefix).and_then(|source| Ok(source.verify()?));
        assert_eq!(
            verified.is_err(),
            damaged,
            "{about}: verify gives {verified:?}"
        );
        for (format, target) in [
            (Format::V2, "v2/out"),
            (Format::V1, "v1/out"),
            (Format::Device, "out.gck"),
            (Format::Npz, "out.npz"),
            (Format::Safetensors, "out.safetensors"),
        ] {
            let target = prefix.with_file_name(target);
            let converted = Source::open(prefix)
                .and_then(|source| convert::convert(&source, &target, &options(format)));
            if damaged {
                assert!(converted.is_err(), "{about}: {format:?} was made of it");
                let folder = target.parent().expect("a folder");
                let left = fs::read_dir(folder).map_or(0, |files| {
                    let names = files.flatten().map(|file| file.file_name());
                    names
                        .filter(|name| name.to_string_lossy().contains("out"))
                        .count()
                });
                assert_eq!(left, 0, "{about}: {format:?} left files behind");
            }
        }
    });
}
