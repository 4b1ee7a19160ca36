//! Damaged checkpoints: the same class of error as TensorFlow's, with a text that helps.

use std::fs;
use std::path::Path;

use gradlet_host::bundle::{Reader, rewrite};
use gradlet_host::{DType, Durability, Error, Status, Tensor};
use gradlet_tests::golden::{Case, Golden};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Damage {
    pub(crate) desc: String,
    file: String,
    pub(crate) op: String,
    offset: usize,
    restore_key: String,
    error: Option<TensorFlowError>,
}

#[derive(Deserialize)]
struct TensorFlowError {
    r#type: String,
    message: String,
}

/// Copies the bundle of `case` into `folder`, with the damage.
fn damage(golden: &Golden, case: &Case, damage: &Damage, folder: &Path) {
    for file in case.file_names() {
        let name = Path::new(file).file_name().expect("a file has a name");
        let mut bytes = golden.read(file);
        if *name == *damage.file {
            match damage.op.as_str() {
                "delete" => continue,
                "truncate" => bytes.truncate(damage.offset),
                xor => {
                    let mask = xor
                        .strip_prefix("xor")
                        .and_then(|mask| mask.parse::<u8>().ok());
                    bytes[damage.offset] ^= mask.unwrap_or_else(|| panic!("damage {xor}"));
                }
            }
        }
        fs::write(folder.join(name), bytes).expect("the copy can be written");
    }
}

/// Reads a tensor as TensorFlow was asked to: the type it was asked for shows in its complaint.
fn restore(prefix: &Path, damage: &Damage) -> Result<Tensor, Error> {
    let reader = Reader::open(prefix)?;
    let message = damage
        .error
        .as_ref()
        .map_or("", |error| error.message.as_str());
    let asked = message
        .split_once("expected dtype ")
        .and_then(|(_, rest)| rest.split(' ').next());
    match asked.and_then(DType::from_name) {
        Some(dtype) => reader.read_as(&damage.restore_key, dtype),
        None => reader.read(&damage.restore_key),
    }
}

fn status(class: &str) -> Status {
    match class {
        "DataLossError" => Status::DataLoss,
        "OutOfRangeError" => Status::OutOfRange,
        "NotFoundError" => Status::NotFound,
        "InvalidArgumentError" => Status::InvalidArgument,
        other => panic!("no status for {other}"),
    }
}

/// The prefix of the case within `folder`.
fn prefix(case: &Case, folder: &Path) -> std::path::PathBuf {
    let prefix: String = case.field("prefix");
    folder.join(Path::new(&prefix).file_name().expect("a prefix has a name"))
}

pub(crate) fn for_each_damage(mut check: impl FnMut(&Path, &Damage)) {
    let golden = Golden::load();
    for case in golden.of_kind(&["corruption_table"]) {
        let damages: Vec<Damage> = case.field("cases");
        assert!(!damages.is_empty(), "{} lists no damage", case.name);
        for kind in &damages {
            let folder = tempfile::tempdir().expect("a temporary folder");
            damage(&golden, case, kind, folder.path());
            check(&prefix(case, folder.path()), kind);
        }
    }
}

#[test]
fn reading_a_damaged_tensor_fails_as_in_tensorflow() {
    for_each_damage(|prefix, damage| {
        let about = &damage.desc;
        match (restore(prefix, damage), &damage.error) {
            (Ok(_), None) => {}
            (Ok(_), Some(error)) => panic!("{about}: TensorFlow says {}", error.message),
            (Err(error), None) => panic!("{about}: TensorFlow reads it, here: {error}"),
            (Err(error), Some(expected)) => {
                assert_eq!(error.status(), status(&expected.r#type), "{about}: {error}");
            }
        }
    });
}

#[test]
fn the_text_names_the_file_or_the_tensor_and_what_was_found() {
    for_each_damage(|prefix, damage| {
        let Err(error) = restore(prefix, damage) else {
            return;
        };
        let text = error.to_string();
        let named = text.contains(&prefix.display().to_string())
            || text.contains(&format!("\"{}\"", damage.restore_key));
        assert!(
            named,
            "{}: neither checkpoint nor tensor in: {text}",
            damage.desc
        );
        let checksum = matches!(
            error,
            Error::TensorChecksum { .. }
                | Error::BlockChecksum { .. }
                | Error::DamagedTensor { .. }
        );
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let hexadecimal = words
            .filter(|word| word.starts_with("0x") && word.len() == 10)
            .count();
        assert!(
            !checksum || hexadecimal == 2,
            "{}: both checksums in: {text}",
            damage.desc
        );
    });
}

#[test]
fn verifying_and_rewriting_notice_every_damage_to_a_file() {
    for_each_damage(|prefix, damage| {
        let about = &damage.desc;
        let damaged = damage.op != "xor0";
        let verified = Reader::open(prefix).and_then(|reader| reader.verify());
        assert_eq!(
            verified.is_err(),
            damaged,
            "{about}: verify gives {verified:?}"
        );
        let target = prefix.with_file_name("rewritten/out");
        let rewritten = rewrite(prefix, &target, Durability::Unsynced);
        assert_eq!(
            rewritten.is_err(),
            damaged,
            "{about}: rewrite gives {rewritten:?}"
        );
        if damaged {
            let left = fs::read_dir(target.parent().expect("a folder")).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{about}: a refused rewrite left files behind");
        }
    });
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let golden = Golden::load();
    for case in golden.of_kind(&["corruption_table"]) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = prefix(case, folder.path());
        for file in case.file_names() {
            let name = Path::new(file).file_name().expect("a file has a name");
            let whole = golden.read(file);
            for other in case.file_names() {
                let name = Path::new(other).file_name().expect("a file has a name");
                fs::write(folder.path().join(name), golden.read(other)).expect("a copy");
            }
            for place in 0..whole.len() {
                for bit in [0, 3, 7] {
                    let mut bytes = whole.clone();
                    bytes[place] ^= 1 << bit;
                    fs::write(folder.path().join(name), &bytes).expect("the copy can be written");
                    let result = Reader::open(&prefix).and_then(|reader| reader.verify());
                    assert!(result.is_err(), "{file}: bit {bit} of byte {place}");
                }
            }
            for len in 0..whole.len() {
                fs::write(folder.path().join(name), &whole[..len]).expect("a copy");
                let result = Reader::open(&prefix).and_then(|reader| reader.verify());
                assert!(result.is_err(), "{file}: cut to {len} bytes");
            }
        }
    }
}

#[test]
fn plain_mistakes_get_help() {
    let golden = Golden::load();
    for case in golden.of_kind(&["corruption_table"]) {
        let right: String = case.field("prefix");
        let right = golden.path(&right);
        let stem = right
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        for (mistake, help) in [
            (format!("{stem}.index"), right.display().to_string()),
            (
                format!("{stem}.data-00000-of-00001"),
                right.display().to_string(),
            ),
            (
                format!("{stem}k"),
                format!("did you mean {}", right.display()),
            ),
            ("no/such/folder".to_owned(), "does not exist".to_owned()),
            (
                ".".to_owned(),
                right.file_name().unwrap().to_string_lossy().into_owned(),
            ),
        ] {
            let path = right.with_file_name(&mistake);
            let error = Reader::open(&path).expect_err("no checkpoint has this prefix");
            assert_eq!(error.status(), Status::NotFound, "{mistake}: {error}");
            assert!(
                error.to_string().contains(&help),
                "{mistake}: no \"{help}\" in: {error}"
            );
        }
    }
}
