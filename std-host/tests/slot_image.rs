//! Dumps of a small manager's flash on the command line: `gradlet extract`, `inspect` and `convert`.

use std::path::PathBuf;
use std::process::{Command, Output};

use gradlet::checkpoint::{Choice, Encoder};
use gradlet::manager::SmallManager;
use gradlet::mock_flash::{MockFlash, Tear, storage_len};
use gradlet::{Adam, Head};
use serde_json::Value;

type Model = Head<16, 10, Adam>;
type Flash = MockFlash<Vec<u8>, 1, 8, 2048>;

/// Two blocks each.
const SLOTS: usize = 4;
const SLOT: usize = 2 * 2048;
const SAVES: usize = 9;

/// A device's life: a save after each step, power that goes within the last one.
struct Life {
    image: Vec<u8>,
    /// The checkpoint of each step from 1 on, as the device encodes it.
    checkpoints: Vec<Vec<u8>>,
}

fn life() -> Life {
    let mut flash = Flash::new(vec![0; storage_len(2048, 2 * SLOTS)]);
    let mut head = Model::new(Adam::new(0.01));
    let mut checkpoints = Vec::new();
    let mut manager = SmallManager::open(&mut flash, SLOTS as u32).unwrap();
    for step in 0..SAVES {
        let x: [f32; 16] = std::array::from_fn(|index| ((index * 5 + step) % 7) as f32 * 0.3);
        head.minimize(&x, step % 10).unwrap();
        manager.save(&head).unwrap();
        let mut bytes = vec![0; 1 << 13];
        let mut raw = Encoder::new().choosing(|_| Choice::Raw);
        let len = raw.fill(&head, &mut bytes).unwrap();
        bytes.truncate(len);
        checkpoints.push(bytes);
    }
    flash.cut_power(60, Tear::Random);
    let mut manager = SmallManager::open(&mut flash, SLOTS as u32).unwrap();
    manager.save(&head).unwrap_err();
    Life {
        image: flash.image().to_vec(),
        checkpoints,
    }
}

/// A folder with a dump in it.
fn dumped(image: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("FLASH.bin");
    std::fs::write(&dump, image).unwrap();
    (folder, dump)
}

fn gradlet(words: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let words = words.iter().map(AsRef::as_ref);
    let output = Command::new(env!("CARGO_BIN_EXE_gradlet"))
        .args(words)
        .output();
    output.expect("the command runs")
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The numbers and states that `inspect` lists.
fn listed(listing: &Value) -> Vec<(u64, &str)> {
    let lines = listing["checkpoints"].as_array().unwrap().iter();
    let line = |line: &'_ Value| line["save_counter"].as_u64().unwrap();
    lines
        .map(|of| (line(of), of["state"].as_str().unwrap()))
        .collect()
}

#[test]
fn checkpoints_are_listed_newest_first() {
    let mut life = life();
    let (_folder, dump) = dumped(&[&[0xa5; 1000][..], &life.image].concat());
    let listing = json(&gradlet(&[&"inspect", &dump, &"--json"]));
    assert_eq!(listing["kind"], "flash slots");
    // Power went while the slot of the sixth was written.
    assert_eq!(listed(&listing), [(9, "whole"), (8, "whole"), (7, "whole")]);
    let newest = &listing["checkpoints"][0];
    assert_eq!(newest["global_step"], 9);
    assert_eq!(newest["bytes"], life.checkpoints[8].len());
    assert_eq!(newest["offset"], 1000 + 64, "slot 0, behind two records");

    let payload = 3 * SLOT + 64;
    life.image[payload + 500] ^= 1;
    let (_folder, dump) = dumped(&life.image);
    let listing = text(&gradlet(&[&"inspect", &dump]).stdout);
    let lines: Vec<&str> = listing.lines().collect();
    assert!(lines[0].ends_with("slots of the small manager, checkpoints: 3"));
    assert!(lines[1].starts_with("  save 9      step 9          whole  "));
    assert!(
        lines[2].starts_with("  save 8      step 8          damaged"),
        "{listing}"
    );
    let at = format!("bytes at {payload}, model 0x");
    assert!(lines[2].contains(&at), "{listing}");
}

#[test]
fn every_whole_checkpoint_is_extracted_as_the_device_encodes_it() {
    let mut life = life();
    life.image[3 * SLOT + 64 + 500] ^= 1;
    let (folder, dump) = dumped(&life.image);
    let out = folder.path().join("out");
    let found = json(&gradlet(&[&"extract", &dump, &out, &"--json"]));
    assert_eq!(found["left_out"], 1);
    let files = found["checkpoints"].as_array().unwrap();
    let counters: Vec<u64> = files
        .iter()
        .map(|file| file["save_counter"].as_u64().unwrap())
        .collect();
    assert_eq!(counters, [7, 9], "in the order of saving");
    for step in [7, 9] {
        let bytes = std::fs::read(out.join(format!("ckpt-{step}.gck"))).unwrap();
        assert!(bytes == life.checkpoints[step - 1], "step {step}");
    }
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 2);
}

#[test]
fn one_checkpoint_is_extracted_by_its_number() {
    let life = life();
    let (folder, dump) = dumped(&life.image);
    let out = folder.path().join("out");
    let words: [&dyn AsRef<std::ffi::OsStr>; 5] = [&"extract", &dump, &out, &"--save", &"8"];
    let output = gradlet(&words);
    let file = out.join("ckpt-8.gck");
    assert_eq!(text(&output.stdout), format!("{}\n", file.display()));
    assert!(std::fs::read(file).unwrap() == life.checkpoints[7]);

    let words: [&dyn AsRef<std::ffi::OsStr>; 5] = [&"extract", &dump, &out, &"--save", &"5"];
    let output = gradlet(&words);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("no whole checkpoint of save 5"), "{error}");
}

#[test]
fn the_newest_whole_checkpoint_is_converted_or_the_one_of_a_step() {
    let mut life = life();
    // The newest is in slot 0.
    life.image[64 + 500] ^= 1;
    let (folder, dump) = dumped(&life.image);
    let out = folder.path().join("out.gck");
    let found = json(&gradlet(&[&"convert", &dump, &out, &"--json"]));
    assert_eq!(found["global_step"], 8);
    let words: [&dyn AsRef<std::ffi::OsStr>; 6] =
        [&"convert", &dump, &out, &"--step", &"7", &"--json"];
    assert_eq!(json(&gradlet(&words))["global_step"], 7);
    let output = gradlet(&[&"convert", &dump, &out, &"--step", &"9"]);
    let error = text(&output.stderr);
    assert!(error.contains("no whole checkpoint of step 9"), "{error}");
    assert!(error.contains("of steps 8, 7"), "{error}");
}

#[test]
fn a_dump_without_a_whole_checkpoint_says_so() {
    let mut life = life();
    for slot in 0..SLOTS {
        life.image[slot * SLOT + 64 + 500] ^= 1;
    }
    let (folder, dump) = dumped(&life.image);
    let out = folder.path().join("out");
    let error = text(&gradlet(&[&"extract", &dump, &out]).stderr);
    assert!(
        error.contains("has no whole checkpoint (3 that are torn or damaged)"),
        "{error}"
    );
    let output = gradlet(&[&"convert", &dump, &out]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("no whole checkpoint"), "{error}");
}
