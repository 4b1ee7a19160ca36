//! `gradlet convert` with profiles, mapping files and encodings, as a user runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use gradlet::{Adam, Head, checkpoint};
use gradlet_host::bundle::Reader;
use gradlet_host::checkpoint::Checkpoint;
use gradlet_host::mapping::Mapping;
use gradlet_host::object_graph::OBJECT_GRAPH_KEY;
use gradlet_host::profile::Profile;
use gradlet_host::{DType, Tensor, Variables};

/// A folder with the device checkpoint of a head after three steps.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut head = Head::<5, 3, Adam>::new(Adam::new(0.01));
    for label in [0, 1, 2] {
        head.minimize(&[0.5, -0.25, 0.125, 1.0, 0.0], label)
            .unwrap();
    }
    let mut bytes = [0; 4096];
    let len = checkpoint::write(&head, &mut bytes[..]).unwrap();
    fs::write(folder.path().join("device.gck"), &bytes[..len as usize]).unwrap();
    folder
}

fn gradlet(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gradlet"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The output of a command that succeeds.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = gradlet(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

/// What a command that fails says; it leaves no files behind.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let count = || fs::read_dir(folder).unwrap().count();
    let before = count();
    let output = gradlet(folder, arguments);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{arguments:?}: {}",
        text(&output)
    );
    assert_eq!(count(), before, "{arguments:?} left files behind");
    text(&output)
}

#[test]
fn every_profile_is_there_and_back_with_every_bit() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for profile in Profile::ALL {
        let name = profile.name();
        let target = format!("{name}/ckpt");
        let said = done(
            folder.path(),
            &[
                "convert",
                "device.gck",
                &target,
                "--profile",
                name,
                "--set",
                "learning_rate=0.01",
            ],
        );
        assert!(said.contains(&format!("{name}/ckpt-3.index")), "{said}");
        let reader = Reader::open(at(&format!("{name}/ckpt-3"))).unwrap();
        assert!(reader.contains(OBJECT_GRAPH_KEY).unwrap(), "{name}");
        let counter = reader
            .read("save_counter/.ATTRIBUTES/VARIABLE_VALUE")
            .unwrap();
        assert_eq!(
            counter.values::<i64>(),
            Some(vec![3]),
            "{name}: the number in the name"
        );

        done(
            folder.path(),
            &["convert", &format!("{name}/ckpt-3"), "back.gck"],
        );
        let (before, after) = (
            gradlet_host::open(at("device.gck")).unwrap(),
            gradlet_host::open(at("back.gck")).unwrap(),
        );
        assert_eq!(after.global_step(), 3, "{name}");
        for tensor in before.tensors() {
            let back = after.tensor(tensor.name);
            let back = back.unwrap_or_else(|| panic!("{name}: {} is lost", tensor.name));
            assert_eq!(back.crc32c, tensor.crc32c, "{name}: {}", tensor.name);
        }
        assert_eq!(before.tensors().count(), after.tensors().count(), "{name}");
    }
}

#[test]
fn an_object_based_bundle_is_copied_flattened_or_taken_by_its_keys() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    done(
        folder.path(),
        &[
            "convert",
            "device.gck",
            "k",
            "--exact",
            "--profile",
            "keras3",
            "--set",
            "learning_rate=1",
        ],
    );
    done(folder.path(), &["convert", "k", "copy"]);
    for ending in ["index", "data-00000-of-00001"] {
        let read = |name: &str| fs::read(at(&format!("{name}.{ending}"))).unwrap();
        assert_eq!(read("copy"), read("k"), "{ending}");
    }
    done(folder.path(), &["convert", "k", "flat", "--form", "names"]);
    let flat = Reader::open(at("flat")).unwrap();
    assert!(flat.contains("head/kernel/Adam_1").unwrap());
    assert!(!flat.contains(OBJECT_GRAPH_KEY).unwrap());
    done(
        folder.path(),
        &["convert", "k", "keys.npz", "--form", "keys"],
    );
    let said = done(folder.path(), &["inspect", "keys.npz"]);
    assert!(
        said.contains("optimizer/_variables/2/.ATTRIBUTES/VARIABLE_VALUE"),
        "{said}"
    );
    let said = done(folder.path(), &["inspect", "k"]);
    assert!(said.contains("head/bias/Adam_1"), "{said}");
    // From one program to another.
    done(
        folder.path(),
        &["convert", "k", "t", "--exact", "--profile", "tf_keras"],
    );
    done(folder.path(), &["convert", "t", "t.gck"]);
    assert_eq!(
        gradlet_host::open(at("t.gck")).unwrap().tensors().count(),
        9
    );
}

#[test]
fn a_model_alone_is_consumed_by_a_program_without_an_optimizer() {
    let folder = folder();
    done(
        folder.path(),
        &[
            "convert",
            "device.gck",
            "m",
            "--exact",
            "--profile",
            "tf_keras",
            "--slots",
            "drop",
        ],
    );
    let mut variables: Variables = [
        (
            "head/kernel",
            Tensor::zeros(DType::Float32, &[5, 3]).unwrap(),
        ),
        ("head/bias", Tensor::zeros(DType::Float32, &[3]).unwrap()),
    ]
    .into();
    let mut checkpoint = Checkpoint::new(Mapping::new(Profile::TfKeras));
    let status = checkpoint
        .restore(&mut variables, folder.path().join("m"))
        .unwrap();
    status.assert_consumed().unwrap();
}

#[test]
fn a_mapping_file_renames_variables_and_their_slots() {
    let folder = folder();
    let map = "[assign]\n\"head/\" = \"dense/\"\n\"head/bias\" = \"offset\"\n";
    fs::write(folder.path().join("map.toml"), map).unwrap();
    done(
        folder.path(),
        &["convert", "device.gck", "renamed.gck", "--map", "map.toml"],
    );
    let renamed = gradlet_host::open(folder.path().join("renamed.gck")).unwrap();
    let mut names: Vec<&str> = renamed.tensors().map(|tensor| tensor.name).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "beta1_power",
            "beta2_power",
            "dense/kernel",
            "dense/kernel/Adam",
            "dense/kernel/Adam_1",
            "global_step",
            "offset",
            "offset/Adam",
            "offset/Adam_1",
        ]
    );
}

#[test]
fn mistakes_in_mappings_are_explained() {
    let folder = folder();
    let cases = [
        ("profil = \"keras3\"\n", "line 1"),
        (
            "[assign]\n\"hed/\" = \"dense/\"\n",
            "did you mean \"head/\"",
        ),
        (
            "[assign]\n\"head/kernal\" = \"w\"\n",
            "did you mean \"head/kernel\"",
        ),
        (
            "[assign]\n\"head/kernel\" = \"head/bias\"\n",
            "would both get this name",
        ),
        ("[layers]\n\"head\" = 2\n", "neither IN nor OUT has any"),
        (
            "profile = \"keras3\"\n[layers]\n\"hea\" = 2\n",
            "did you mean \"head\"",
        ),
        (
            "profile = \"keras3\"\n[paths]\n\"head/kernl\" = \"k\"\n",
            "did you mean \"head/kernel\"",
        ),
    ];
    for (map, expected) in cases {
        fs::write(folder.path().join("map.toml"), map).unwrap();
        let said = refused(
            folder.path(),
            &["convert", "device.gck", "out", "--map", "map.toml"],
        );
        assert!(said.contains(expected), "{map:?} gives {said}");
    }
    fs::remove_file(folder.path().join("map.toml")).unwrap();
    for (arguments, expected) in [
        (&["--map", "map.toml"][..], "map.toml"),
        (&["--set", "learning_rate=fast"], "expected NAME=NUMBER"),
        (
            &["--profile", "keras3", "--to", "v1"],
            "neither IN nor OUT has any",
        ),
        (
            &["--form", "objects", "--to", "npz"],
            "only a V2 bundle can hold objects",
        ),
        (
            &["--encoding", "head/kernel=bf16"],
            "only device checkpoints",
        ),
    ] {
        let said = refused(
            folder.path(),
            &[&["convert", "device.gck", "out"], arguments].concat(),
        );
        assert!(said.contains(expected), "{arguments:?} gives {said}");
    }
}

#[test]
fn loss_is_for_those_who_ask() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    done(folder.path(), &["convert", "device.gck", "v2", "--exact"]);
    done(folder.path(), &["convert", "v2", "exact.gck"]);
    let exact = gradlet_host::open(at("exact.gck")).unwrap();
    assert!(exact.tensors().all(|tensor| tensor.encoding.is_lossless()));
    let chosen = [
        "head/kernel=bf16",
        "head/kernel/Adam=block8",
        "head/bias=raw",
    ];
    let chosen = chosen.map(|choice| ["--encoding", choice]).concat();
    done(
        folder.path(),
        &[&["convert", "v2", "lossy.gck"], chosen.as_slice()].concat(),
    );
    let lossy = gradlet_host::open(at("lossy.gck")).unwrap();
    for tensor in lossy.tensors() {
        let lost = ["head/kernel", "head/kernel/Adam"].contains(&tensor.name);
        assert_eq!(!tensor.encoding.is_lossless(), lost, "{}", tensor.name);
    }
    let said = done(folder.path(), &["inspect", "lossy.gck"]);
    assert_eq!(said.matches("(lossy)").count(), 2, "{said}");
    for (choice, expected) in [
        ("head/kernal=bf16", "did you mean \"head/kernel\""),
        ("global_step=bf16", "cannot be stored with loss"),
        ("head/kernel=zip", "there are smallest, raw, bf16, block8"),
        ("head/kernel", "expected NAME=ENCODING"),
    ] {
        let said = refused(
            folder.path(),
            &["convert", "v2", "x.gck", "--encoding", choice],
        );
        assert!(said.contains(expected), "{choice} gives {said}");
    }
}

#[test]
fn a_moved_folder_is_read_with_a_warning_while_latest_stays_tensorflows() {
    let folder = folder();
    done(folder.path(), &["convert", "device.gck", "run/m"]);
    let latest = done(folder.path(), &["latest", "run"]);
    assert_eq!(latest, "run/m-3\n");
    let absolute = "model_checkpoint_path: \"/nowhere/at/all/m-3\"\n";
    fs::write(folder.path().join("run/checkpoint"), absolute).unwrap();
    let said = done(folder.path(), &["convert", "run", "out.gck"]);
    assert!(
        said.contains("warning") && said.contains("the folder has moved"),
        "{said}"
    );
    let said = refused(folder.path(), &["latest", "run"]);
    assert!(said.contains("run has no checkpoint"), "{said}");
    let said = done(folder.path(), &["inspect", "run"]);
    assert!(said.contains("(missing)"), "{said}");
}

#[test]
fn plain_mistakes_get_help() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    done(folder.path(), &["convert", "device.gck", "run/m"]);
    // Any file of a checkpoint stands for it.
    for input in [
        "run/m-3.index",
        "run/m-3.data-00000-of-00001",
        "run/checkpoint",
        "run",
    ] {
        done(folder.path(), &["convert", input, "out.gck"]);
    }
    fs::remove_file(at("out.gck")).unwrap();
    let said = refused(folder.path(), &["convert", "run/m-4", "out.gck"]);
    assert!(said.contains("did you mean run/m-3"), "{said}");
    // Data of another save under the index of this one.
    done(
        folder.path(),
        &[
            "convert",
            "device.gck",
            "other/m",
            "--var",
            "global_step=w",
            "--cast",
            "global_step=float32",
        ],
    );
    fs::copy(
        at("other/m-3.data-00000-of-00001"),
        at("run/m-3.data-00000-of-00001"),
    )
    .unwrap();
    for arguments in [
        &["convert", "run/m-3", "out.gck"][..],
        &["verify", "run/m-3"],
    ] {
        let said = refused(folder.path(), arguments);
        assert!(said.contains("different saves"), "{said}");
    }
    fs::remove_file(at("run/m-3.data-00000-of-00001")).unwrap();
    let said = refused(folder.path(), &["convert", "run/m-3", "out.gck"]);
    assert!(said.contains("m-3.data-00000-of-00001"), "{said}");
}
