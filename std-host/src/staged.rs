//! Files that appear whole or not at all: written beside their final name, synced, renamed.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Whether written files are forced to the disk before they get their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Files and folder are synced: after a power cut the file is there whole, or not at all.
    #[default]
    Synced,
    /// Left to the operating system: safe if the process dies, not if the machine does.
    Unsynced,
}

/// A temporary file in the folder of the file that it will become. Dropped before
/// [`Staged::commit`], it is removed.
#[derive(Debug)]
pub(crate) struct Staged {
    temporary: PathBuf,
    file: Option<File>,
}

impl Staged {
    /// Starts a file that will be called `target`, or another name in the same folder.
    pub(crate) fn beside(target: &Path) -> Result<Staged> {
        let temporary = temporary_beside(target);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(Error::io("create", &temporary))?;
        Ok(Staged {
            temporary,
            file: Some(file),
        })
    }

    /// Where the bytes go for now.
    pub(crate) fn path(&self) -> &Path {
        &self.temporary
    }

    /// Forces the bytes to the disk, if `durability` asks for it.
    pub(crate) fn sync(&self, durability: Durability) -> Result<()> {
        match (&self.file, durability) {
            (Some(file), Durability::Synced) => {
                file.sync_all().map_err(Error::io("sync", &self.temporary))
            }
            _ => Ok(()),
        }
    }

    /// Gives the file its name, replacing what has it now.
    pub(crate) fn commit(mut self, target: &Path) -> Result<()> {
        self.file = None;
        let renamed =
            fs::rename(&self.temporary, target).map_err(Error::io("put in place", target));
        if renamed.is_ok() {
            self.temporary = PathBuf::new();
        }
        renamed
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.file = None;
        if !self.temporary.as_os_str().is_empty() {
            // Nothing can be done here about a file that cannot be removed.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Makes the folder of `path`, with its parents, as SaveV2 does.
pub(crate) fn create_folder_of(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(Error::io("create folder", folder))
}

/// Forces renames in the folder of `path` to the disk, if `durability` asks for it.
pub(crate) fn sync_folder_of(path: &Path, durability: Durability) -> Result<()> {
    if durability == Durability::Unsynced || cfg!(not(unix)) {
        return Ok(());
    }
    let folder = folder_of(path);
    let handle = File::open(folder).map_err(Error::io("open folder", folder))?;
    handle.sync_all().map_err(Error::io("sync folder", folder))
}

/// The folder that `path` is in; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// A name for a temporary in the folder of `target`: TensorFlow's, `.tempstate` and a number.
pub(crate) fn temporary_beside(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(format!(".tempstate{}", random()));
    PathBuf::from(name)
}

/// A number that no other writer will have drawn: the standard library seeds its hash maps so.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
