//! `gradlet convert`, `inspect` and `verify` as a user runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gradlet::{Adam, Head, Variables, checkpoint};
use gradlet_host::{DType, bundle};

/// A folder with a device checkpoint of a small head after three steps.
struct Fixture {
    folder: tempfile::TempDir,
    head: Head<5, 3, Adam>,
    device: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut head = Head::new(Adam::new(0.01));
        for label in [0, 1, 2] {
            head.minimize(&[0.5, -0.25, 0.125, 1.0, 0.0], label)
                .unwrap();
        }
        let mut bytes = vec![0; 4096];
        let len = checkpoint::write(&head, &mut bytes[..]).unwrap();
        let device = folder.path().join("device.gck");
        fs::write(&device, &bytes[..len as usize]).unwrap();
        Self {
            folder,
            head,
            device,
        }
    }

    fn gradlet(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradlet"));
        command.current_dir(self.folder.path());
        command
    }

    fn files(&self) -> Vec<String> {
        let mut files: Vec<_> = walk(self.folder.path());
        files.sort();
        files
    }
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        }
        found.push(path.display().to_string());
    }
    found
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_converted_bundle_has_every_bit_of_the_device() {
    let fixture = Fixture::new();
    let output = fixture
        .gradlet()
        .args(["convert", "device.gck", "run/model.ckpt"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let reader = bundle::Reader::open(fixture.folder.path().join("run/model.ckpt-3")).unwrap();
    let head = &fixture.head;
    assert_eq!(reader.entries().unwrap().len(), head.count());
    for variable in (0..head.count()).map(|index| head.variable(index).unwrap()) {
        let mut expected = vec![0; variable.view.byte_len()];
        variable.view.copy_le(0, &mut expected);
        let name = variable.name.to_string();
        let tensor = reader.read(&name).unwrap();
        assert_eq!(tensor.bytes().unwrap(), expected, "{name}");
        assert_eq!(
            tensor.dtype().number(),
            i32::from(variable.view.dtype().number()),
            "{name}"
        );
        let shape: Vec<u64> = variable
            .shape
            .dims()
            .iter()
            .map(|&dim| dim.into())
            .collect();
        assert_eq!(tensor.shape(), shape, "{name}");
    }
    assert_eq!(
        reader
            .read_as("global_step", DType::Int64)
            .unwrap()
            .values::<i64>()
            .unwrap(),
        [3]
    );
}

#[test]
fn machines_read_json() {
    let fixture = Fixture::new();
    let run = |arguments: &[&str]| -> serde_json::Value {
        let output = fixture
            .gradlet()
            .args(arguments)
            .arg("--json")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let converted = run(&["convert", "--exact", "device.gck", "exact"]);
    assert_eq!(converted["target"], "exact");
    assert_eq!(converted["global_step"], 3);
    let inspected = run(&["inspect", "device.gck"]);
    assert_eq!(inspected["kind"], "device checkpoint");
    assert_eq!(inspected["tensors"][6]["name"], "head/kernel");
    assert_eq!(inspected["tensors"][6]["shape"], serde_json::json!([5, 3]));
    let verified = run(&["verify", "exact"]);
    assert_eq!(verified["tensors"], 9);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_nothing_is_written() {
    let fixture = Fixture::new();
    let bytes = fs::read(&fixture.device).unwrap();
    let mut flipped = bytes.clone();
    let middle = bytes.len() / 2;
    flipped[middle] ^= 4;
    let trailing = [bytes.clone(), vec![0xff]].concat();
    let cases: [(&[u8], &str); 5] = [
        (&bytes[..bytes.len() - 1], "ends here"),
        (&flipped, "checksum"),
        (b"RIFF is how a sound starts", "not a device checkpoint"),
        (&trailing, "1 bytes follow the end"),
        (b"", "ends here"),
    ];
    for (content, reason) in cases {
        fs::write(&fixture.device, content).unwrap();
        let before = fixture.files();
        for arguments in [
            &["convert", "device.gck", "run/m"][..],
            &["inspect", "device.gck"],
            &["verify", "device.gck"],
        ] {
            let output = fixture.gradlet().args(arguments).output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(1),
                "{arguments:?}: {}",
                text(&output)
            );
            assert!(
                text(&output).contains(reason),
                "{arguments:?}: {}",
                text(&output)
            );
            assert!(
                text(&output).contains("at byte"),
                "{arguments:?}: {}",
                text(&output)
            );
        }
        assert_eq!(
            fixture.files(),
            before,
            "{reason}: something was left behind"
        );
    }
}

#[test]
#[cfg(unix)]
fn an_unwritable_folder_is_reported_as_such() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let fixture = Fixture::new();
    let folder = fixture.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    let before = fixture.files();
    let program = std::env::temp_dir().join(format!("gradlet-unwritable-{}", std::process::id()));
    fs::copy(env!("CARGO_BIN_EXE_gradlet"), &program).unwrap();
    let mut command = Command::new(&program);
    command
        .current_dir(folder)
        .args(["convert", "device.gck", "run/m"]);
    // The superuser may write anywhere, so it must become somebody else.
    if fs::write(folder.join("probe"), []).is_ok() {
        fs::remove_file(folder.join("probe")).unwrap();
        command.uid(65_534);
    }
    let output = command.output();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(&program).unwrap();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("writable"), "{}", text(&output));
    assert_eq!(fixture.files(), before);
}

#[test]
#[cfg(unix)]
fn a_file_that_cannot_grow_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let before = fixture.files();
    // No byte may be written to a file: the limit acts as a disk that is full does.
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; exec '{}' convert device.gck m",
        env!("CARGO_BIN_EXE_gradlet")
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(fixture.folder.path())
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(
        text(&output).contains("m-3"),
        "the file is named: {}",
        text(&output)
    );
    assert_eq!(fixture.files(), before);
}

#[test]
fn wrong_usage_is_exit_code_2_and_help_is_there() {
    let fixture = Fixture::new();
    let wrong = fixture
        .gradlet()
        .args(["convert", "device.gck"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong));
    for command in ["convert", "inspect", "verify"] {
        let help = fixture
            .gradlet()
            .args([command, "--help"])
            .output()
            .unwrap();
        assert!(help.status.success());
        assert!(text(&help).contains("Usage"), "{}", text(&help));
    }
}

#[test]
fn every_format_carries_every_bit_there_and_back() {
    let fixture = Fixture::new();
    let run = |arguments: &[&str]| {
        let output = fixture.gradlet().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    };
    run(&["convert", "device.gck", "first/m"]);
    let mut previous = "first".to_owned();
    for target in ["second.npz", "third.safetensors", "fourth.gck", "fifth"] {
        run(&["convert", "--exact", &previous, target]);
        previous = target.to_owned();
    }
    let read = |path: &str| fs::read(fixture.folder.path().join(path)).unwrap();
    assert_eq!(read("fifth.index"), read("first/m-3.index"));
    assert_eq!(
        read("fifth.data-00000-of-00001"),
        read("first/m-3.data-00000-of-00001"),
        "the bytes changed on the way"
    );
    run(&["convert", "--exact", "--to", "v1", "fifth", "sixth"]);
    run(&["convert", "--exact", "--to", "v2", "sixth", "seventh"]);
    assert_eq!(
        read("seventh.data-00000-of-00001"),
        read("fifth.data-00000-of-00001")
    );
    // The encoder writes variables in the order it is given them: by name, not by the head's order.
    assert_eq!(read("fourth.gck").len(), read("device.gck").len());
}

#[test]
fn variables_are_selected_renamed_cast_and_reshaped() {
    let fixture = Fixture::new();
    let arguments = [
        "convert",
        "device.gck",
        "small.npz",
        "--var",
        "head/kernel=dense/w",
        "--var",
        "head/bias",
        "--cast",
        "head/bias=bfloat16",
        "--reshape",
        "head/kernel=3,5",
    ];
    let refused = fixture.gradlet().args(arguments).output().unwrap();
    assert_eq!(
        refused.status.code(),
        Some(1),
        "NumPy has no bfloat16: {}",
        text(&refused)
    );
    assert!(text(&refused).contains("head/bias"), "{}", text(&refused));
    assert!(!fixture.folder.path().join("small.npz").exists());
    let arguments = arguments.map(|word| {
        if word == "small.npz" {
            "small.gck"
        } else {
            word
        }
    });
    let output = fixture.gradlet().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let small = gradlet_host::open(fixture.folder.path().join("small.gck")).unwrap();
    let tensors: Vec<_> = small
        .tensors()
        .map(|tensor| (tensor.name.to_owned(), tensor.dtype, tensor.shape.to_vec()))
        .collect();
    assert_eq!(
        tensors,
        [
            ("dense/w".to_owned(), DType::Float32, vec![3, 5]),
            ("head/bias".to_owned(), DType::BFloat16, vec![3]),
        ]
    );
    let output = fixture
        .gradlet()
        .args([
            "convert",
            "device.gck",
            "model.npz",
            "--slots",
            "drop",
            "--json",
        ])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["tensors"], 3, "kernel, bias and step: {report}");
}

#[test]
fn a_name_that_is_not_there_brings_the_nearest() {
    let fixture = Fixture::new();
    let output = fixture
        .gradlet()
        .args(["convert", "device.gck", "m", "--var", "head/kernal"])
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("did you mean \"head/kernel\""),
        "{}",
        text(&output)
    );
}

#[test]
fn a_folder_that_moved_is_still_found_by_its_state_file() {
    let fixture = Fixture::new();
    let folder = fixture.folder.path();
    let run = |arguments: &[&str]| fixture.gradlet().args(arguments).output().unwrap();
    assert!(run(&["convert", "device.gck", "run/m"]).status.success());
    let absolute = "model_checkpoint_path: \"/nowhere/at/all/m-3\"\n";
    fs::write(folder.join("run/checkpoint"), absolute).unwrap();
    for input in [
        "run",
        "run/checkpoint",
        "run/m-3.index",
        "run/m-3.data-00000-of-00001",
    ] {
        let output = run(&["convert", input, "out.gck"]);
        assert!(output.status.success(), "{input}: {}", text(&output));
        assert_eq!(
            gradlet_host::open(folder.join("out.gck"))
                .unwrap()
                .global_step(),
            3
        );
        fs::remove_file(folder.join("out.gck")).unwrap();
    }
}
