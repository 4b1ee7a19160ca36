//! Dumps of a device's flash on the command line: `gradlet extract`, `inspect` and `convert`.

use std::path::PathBuf;
use std::process::{Command, Output};

use gradlet::checkpoint::{Choice, Encoder};
use gradlet::manager::{CheckpointManager, Geometry, Keep, Options};
use gradlet::mock_flash::{MockFlash, Tear, TornReads, storage_len};
use gradlet::tensor::ViewMut;
use gradlet::variable::Named;
use gradlet::{Adam, Head, checkpoint};
use gradlet_host::flash_image::{FlashImage, Place};
use serde_json::Value;

type Model = Head<16, 10, Adam>;
type Flash = MockFlash<Vec<u8>, 1, 8, 2048>;

const BLOCKS: usize = 14;
const SAVES: usize = 23;

/// A device's life: a save after each step, power that goes within the last one.
struct Life {
    image: Vec<u8>,
    /// The checkpoint of each step from 1 on, as the device encodes it.
    checkpoints: Vec<Vec<u8>>,
}

fn life() -> Life {
    let mut flash = Flash::new(vec![0; storage_len(2048, BLOCKS)]);
    let mut head = Model::new(Adam::new(0.01));
    let mut checkpoints = Vec::new();
    let options = Options {
        max_to_keep: 3,
        keep: Keep::EverySteps(10),
        max_kept: 2,
        ..Options::DEFAULT
    };
    for step in 0..SAVES {
        let mut manager = CheckpointManager::open(&mut flash, options).unwrap();
        let x: [f32; 16] = std::array::from_fn(|index| ((index * 5 + step) % 7) as f32 * 0.3);
        head.minimize(&x, step % 10).unwrap();
        manager.save(&head).unwrap();
        let mut bytes = vec![0; 1 << 13];
        let len = checkpoint::write(&head, &mut bytes[..]).unwrap();
        bytes.truncate(len as usize);
        checkpoints.push(bytes);
    }
    flash.set_torn_reads(TornReads::AsTheyAre);
    flash.cut_power(60, Tear::Random);
    let mut manager = CheckpointManager::open(&mut flash, options).unwrap();
    head.minimize(&[0.5; 16], 1).unwrap();
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

#[test]
fn every_whole_checkpoint_is_extracted_as_the_device_wrote_it() {
    let life = life();
    // The region lies somewhere in a larger dump.
    for before in [0, 4096, 1000] {
        let mut bytes = vec![0xa5; before];
        bytes.extend(&life.image);
        bytes.extend([0; 77]);
        let (folder, dump) = dumped(&bytes);
        let out = folder.path().join("out");
        let found = json(&gradlet(&[&"extract", &dump, &out, &"--json"]));
        assert_eq!(found["region_start"], before);
        assert_eq!(found["left_out"], 1, "the one that power cut");
        let files = found["checkpoints"].as_array().unwrap();
        let steps: Vec<i64> = files
            .iter()
            .map(|file| file["global_step"].as_i64().unwrap())
            .collect();
        assert!(steps.is_sorted(), "{steps:?}");
        for live in [10, 20, 21, 22, 23] {
            assert!(steps.contains(&live), "{live} is not in {steps:?}");
        }
        for step in steps {
            let file = out.join(format!("ckpt-{step}.gck"));
            let bytes = std::fs::read(&file).unwrap();
            assert!(bytes == life.checkpoints[step as usize - 1], "step {step}");
        }
        let count = std::fs::read_dir(&out).unwrap().count();
        assert_eq!(count, files.len(), "nothing else is left in the folder");
    }
}

#[test]
fn only_what_lives_on_is_extracted_if_asked_for() {
    let life = life();
    let (folder, dump) = dumped(&life.image);
    let out = folder.path().join("out");
    let output = gradlet(&[&"extract", &dump, &out, &"--live"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("torn or damaged"));
    let names: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    let expected = [10, 20, 21, 22, 23].map(|step| out.join(format!("ckpt-{step}.gck")));
    assert_eq!(names, expected.map(|path| path.display().to_string()));
}

#[test]
fn the_ring_is_drawn_with_what_is_in_each_block() {
    let life = life();
    let (_folder, dump) = dumped(&life.image);
    let output = gradlet(&[&"inspect", &dump]);
    let drawing = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!drawing.contains('\x1b'), "colours only on a terminal");
    for expected in [
        "14 blocks of 2048 bytes, unit 8",
        "save 23     step 23         live",
        "step 10         live",
        ", kept",
        "torn",
        "endurance: about ",
    ] {
        assert!(
            drawing.contains(expected),
            "{expected:?} is not in\n{drawing}"
        );
    }
    let ring = json(&gradlet(&[
        &"inspect",
        &dump,
        &"--json",
        &"--cycles",
        &"500",
    ]));
    assert_eq!(ring["kind"], "flash region");
    assert_eq!(ring["opens"], true);
    assert_eq!(ring["blocks"].as_array().unwrap().len(), BLOCKS);
    let states: Vec<&str> = ring["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["state"].as_str().unwrap())
        .collect();
    let free = states.iter().filter(|&&state| state == "free").count();
    assert_eq!(ring["free_blocks"], free);
    assert_eq!(ring["endurance"]["cycles"], 500);
    let live = ring["checkpoints"].as_array().unwrap().iter();
    let live = live.filter(|line| line["state"] == "live").count();
    assert_eq!(live, 5);
}

#[test]
fn the_newest_checkpoint_is_converted_or_the_one_of_a_step() {
    let life = life();
    let (folder, dump) = dumped(&life.image);
    let from_file = |step: usize| {
        let file = folder.path().join("device.gck");
        std::fs::write(&file, &life.checkpoints[step - 1]).unwrap();
        let out = folder.path().join(format!("file-{step}.safetensors"));
        json(&gradlet(&[&"convert", &file, &out, &"--json"]));
        std::fs::read(out).unwrap()
    };
    let out = folder.path().join("newest.safetensors");
    let found = json(&gradlet(&[&"convert", &dump, &out, &"--json"]));
    assert_eq!(found["global_step"], 23);
    assert!(std::fs::read(&out).unwrap() == from_file(23));
    let found = json(&gradlet(&[
        &"convert", &dump, &out, &"--step", &"20", &"--json",
    ]));
    assert_eq!(found["global_step"], 20);
    assert!(std::fs::read(&out).unwrap() == from_file(20));

    let prefix = folder.path().join("model.ckpt");
    json(&gradlet(&[&"convert", &dump, &prefix, &"--json"]));
    assert!(folder.path().join("model.ckpt-23.index").exists());

    let output = gradlet(&[&"convert", &dump, &out, &"--step", &"77"]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("no whole checkpoint of step 77"), "{error}");
    assert!(error.contains("22, 23"), "{error}");
}

#[test]
fn what_the_image_cannot_tell_is_asked_for() {
    let life = life();
    // Two regions in one dump.
    let (folder, dump) = dumped(&[&life.image[..], &life.image].concat());
    let out = folder.path().join("out");
    let error = text(&gradlet(&[&"extract", &dump, &out]).stderr);
    assert!(
        error.contains("at bytes 0, 28672: say which with --at"),
        "{error}"
    );
    let found = json(&gradlet(&[
        &"extract", &dump, &out, &"--at", &"0x7000", &"--json",
    ]));
    assert_eq!(found["region_start"], 28672);
    let file = folder.path().join("newest.gck");
    let words: [&dyn AsRef<std::ffi::OsStr>; 6] =
        [&"convert", &dump, &file, &"--at", &"0x7000", &"--json"];
    assert_eq!(json(&gradlet(&words))["global_step"], SAVES);

    // No region at all.
    std::fs::write(&dump, [0x5a; 5000]).unwrap();
    let error = text(&gradlet(&[&"extract", &dump, &out]).stderr);
    assert!(error.contains("--erase-size"), "{error}");
    // Sizes alone find nothing either, and say so.
    let words: [&dyn AsRef<std::ffi::OsStr>; 7] = [
        &"extract",
        &dump,
        &out,
        &"--erase-size",
        &"2048",
        &"--blocks",
        &"2",
    ];
    let error = text(&gradlet(&words).stderr);
    assert!(error.contains("has no whole checkpoint"), "{error}");
    assert!(!out.join("ckpt-0.gck").exists());
}

#[test]
fn whole_checkpoints_are_found_even_if_every_marker_is_gone() {
    let mut life = life();
    for block in life.image.chunks_mut(2048) {
        block[..28].fill(0);
    }
    let (folder, dump) = dumped(&life.image);
    let out = folder.path().join("out");
    let error = text(&gradlet(&[&"extract", &dump, &out]).stderr);
    assert!(
        error.contains("--erase-size, --blocks and --unit"),
        "{error}"
    );
    let words: [&dyn AsRef<std::ffi::OsStr>; 10] = [
        &"extract",
        &dump,
        &out,
        &"--erase-size",
        &"2048",
        &"--blocks",
        &"14",
        &"--unit",
        &"8",
        &"--json",
    ];
    let found = json(&gradlet(&words));
    assert!(found["checkpoints"].as_array().unwrap().len() >= 5);
    for step in [10, 20, 21, 22, 23] {
        let bytes = std::fs::read(out.join(format!("ckpt-{step}.salvaged.gck"))).unwrap();
        assert!(bytes == life.checkpoints[step - 1], "step {step}");
    }
}

/// A dump may hold a thousand in one another, which together are far longer than it.
#[test]
fn a_checkpoint_in_a_salvaged_one_is_a_value_of_it() {
    let mut outer = vec![1; 10];
    for _ in 0..3 {
        let mut bytes = vec![0; 1 << 10];
        let held = Named::new("held", ViewMut::U8(&mut outer));
        let raw = Encoder::new().choosing(|_| Choice::Raw);
        let len = raw.clone().fill(&held, &mut bytes).unwrap();
        bytes.truncate(len);
        outer = bytes;
    }
    let mut image = vec![0; 2 * 2048];
    image[100..][..outer.len()].copy_from_slice(&outer);
    let (_folder, dump) = dumped(&image);
    let place = Place {
        start: Some(0),
        geometry: Some(Geometry::new(8, 2048, 2).unwrap()),
    };
    let image = FlashImage::open(&dump, place).unwrap();
    let found: Vec<&[u8]> = image.salvaged().iter().map(|one| &*one.bytes).collect();
    assert_eq!(found, [&*outer]);
}

#[test]
fn damage_is_shown_and_the_rest_is_still_extracted() {
    let mut life = life();
    let newest = &life.checkpoints[SAVES - 1];
    let tail = &newest[newest.len() - 200..];
    let at = life
        .image
        .windows(tail.len())
        .position(|window| window == tail);
    life.image[at.expect("the newest checkpoint in the dump") + 50] ^= 4;
    let (folder, dump) = dumped(&life.image);
    let ring = json(&gradlet(&[&"inspect", &dump, &"--json"]));
    let newest = ring["checkpoints"].as_array().unwrap().iter();
    let mut newest = newest.filter(|line| line["save_counter"] == SAVES);
    assert!(newest.any(|line| line["state"] == "damaged"), "{ring}");
    let out = folder.path().join("device.gck");
    let found = json(&gradlet(&[&"convert", &dump, &out, &"--json"]));
    assert_eq!(found["global_step"], SAVES - 1);
}
