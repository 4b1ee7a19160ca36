//! Turns TensorFlow's trajectories into tables; `GRADLET_GOLDEN` names another folder of goldens,
//! absolute or relative to the repository.

use std::path::{Path, PathBuf};
use std::{env, fs};

use trajectory::index::Folder;

fn main() {
    println!("cargo:rerun-if-env-changed=GRADLET_GOLDEN");
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name| PathBuf::from(env::var_os(name).expect("cargo sets it"));
    let repository = variable("CARGO_MANIFEST_DIR").join("../..");
    let golden = env::var_os("GRADLET_GOLDEN").filter(|golden| !golden.is_empty());
    let golden = golden.unwrap_or_else(|| "tests/data/golden".into());
    let golden = fs::canonicalize(repository.join(&golden))
        .unwrap_or_else(|error| panic!("{}: {error}", Path::new(&golden).display()));

    let folder = Folder::open(&golden).unwrap_or_else(|error| panic!("{error}"));
    assert!(
        !folder.cases.is_empty(),
        "no trajectories in {}",
        golden.display()
    );
    println!(
        "cargo:rerun-if-changed={}",
        golden.join("trajectories").display()
    );
    fs::write(variable("OUT_DIR").join("cases.rs"), folder.emit()).expect("a folder to write to");
}
