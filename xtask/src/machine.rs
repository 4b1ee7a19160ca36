//! The machine this runs on: where its programs are. A value, so that a test can describe another
//! machine than the one it runs on.
use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

/// What is known of a machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The search path for programs.
    pub path: OsString,
    /// Where the distribution's own compiler lives, beneath which are `bin` and `lib`.
    pub distribution: PathBuf,
    /// Whether software may be installed.
    pub installing: Installing,
}

/// Whether software may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installing {
    /// Yes: the person asked for a command that sets things up.
    Allowed,
    /// No: say which command would.
    Forbidden,
}

impl Machine {
    /// This machine.
    pub fn this(installing: Installing) -> Self {
        Self {
            path: env::var_os("PATH").unwrap_or_default(),
            distribution: "/usr".into(),
            installing,
        }
    }

    /// The program of this name, if the machine has it.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        env::split_paths(&self.path)
            .map(|folder| folder.join(program))
            .find(|file| is_program(file))
    }

    /// A command that sees the machine's search path.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path);
        command
    }

    /// A command that is run with the rights to install software: by itself for the administrator,
    /// otherwise through `sudo`, if there is one.
    pub fn privileged(&self, program: &Path) -> Option<Command> {
        if is_administrator() {
            return Some(self.command(program));
        }
        let mut command = self.command(&self.find("sudo")?);
        command.arg(program);
        Some(command)
    }
}

/// Whether the file is there and can be run.
pub fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn is_administrator() -> bool {
    fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}
