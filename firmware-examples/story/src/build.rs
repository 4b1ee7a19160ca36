use std::path::{Path, PathBuf};
use std::{env, fs, process};

use crate::{Error, Story, emit};

/// What a build script asks for.
#[derive(Clone, Debug)]
pub struct Build {
    folder: PathBuf,
    mode: String,
}

impl Build {
    /// The story `name` of `tests/data/stories`, unless `GRADLET_STORY` names another folder,
    /// absolute or relative to the repository; trained in the order `replay`.
    pub fn of(name: &str) -> Build {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = match env::var_os("GRADLET_STORY") {
            Some(folder) if !folder.is_empty() => repository.join(folder),
            _ => repository.join("tests/data/stories").join(name),
        };
        Build {
            folder,
            mode: "replay".to_owned(),
        }
    }

    /// The order in which to train, unless `GRADLET_MODE` names another: any `TAG` for which the
    /// story has a `steps_TAG.u16.bin`.
    pub fn mode(self, mode: &str) -> Build {
        Build {
            mode: mode.to_owned(),
            ..self
        }
    }

    /// Writes `story.rs` into `OUT_DIR` and tells cargo when to do so again.
    ///
    /// What is wrong with the story becomes the build's error, and the script ends.
    pub fn run(self) {
        println!("cargo::rerun-if-env-changed=GRADLET_STORY");
        println!("cargo::rerun-if-env-changed=GRADLET_MODE");
        println!("cargo::rerun-if-changed={}", self.folder.display());
        let written = match env::var_os("OUT_DIR") {
            Some(out) => self.write(Path::new(&out)),
            None => {
                println!("cargo::error=a story is built by a build script: OUT_DIR is not set");
                process::exit(1);
            }
        };
        if let Err(error) = written {
            println!("cargo::error=story: {error}");
            process::exit(1);
        }
    }

    /// Writes `story.rs`, and beside it the data that it includes, into `out`.
    pub fn write(&self, out: &Path) -> Result<(), Error> {
        let mode = env::var("GRADLET_MODE")
            .ok()
            .filter(|mode| !mode.is_empty());
        let story = Story::open(&self.folder)?;
        let training = story.training(mode.as_deref().unwrap_or(&self.mode))?;
        for file in emit::files(&story, &training) {
            let path = out.join(file.name);
            fs::write(&path, file.content).map_err(|source| Error::Io { path, source })?;
        }
        Ok(())
    }
}
