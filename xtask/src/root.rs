//! Where things are in the repository.
use std::{
    env,
    path::{Path, PathBuf},
};

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the repository")
}

/// The workspace of the programs for the boards.
pub fn firmware_examples() -> PathBuf {
    repository().join("firmware-examples")
}

/// Cargo's folder for everything that is made.
pub fn target() -> PathBuf {
    let chosen = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    repository().join(chosen)
}
