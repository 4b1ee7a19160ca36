//! The compiler for a board: chosen cheapest first, installed where nothing is there.
//!
//! 1. the active toolchain, if it has `core` for the target;
//! 2. the same after `rustup target add`;
//! 3. the distribution's compiler, which builds `core` from the distribution's sources;
//! 4. the same after `apt-get install`.
//!
//! `GRADLET_TOOLCHAIN` is `auto` (all four), `rustup` (the first two) or `distro` (the last two).
use crate::{
    apt, child,
    machine::{Installing, Machine, is_program},
    say,
};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Which toolchains may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whichever is cheapest.
    Auto,
    /// Only the active one, with rustup's help.
    Rustup,
    /// Only the distribution's.
    Distro,
}

impl Policy {
    /// What the environment asks for.
    ///
    /// # Errors
    /// If `GRADLET_TOOLCHAIN` is set to something that is no policy.
    pub fn from_environment() -> Result<Self> {
        Self::parse(&env::var("GRADLET_TOOLCHAIN").unwrap_or_default())
    }

    /// What a value of `GRADLET_TOOLCHAIN` asks for.
    ///
    /// # Errors
    /// If it is none of `auto` (or nothing), `rustup` and `distro`.
    pub fn parse(value: &str) -> Result<Self> {
        match value {
            "" | "auto" => Ok(Self::Auto),
            "rustup" => Ok(Self::Rustup),
            "distro" => Ok(Self::Distro),
            other => bail!("GRADLET_TOOLCHAIN is `{other}`; set it to auto, rustup or distro"),
        }
    }
}

/// A compiler that can build for a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active one, which has `core` for the target.
    Active {
        /// Its cargo.
        cargo: PathBuf,
    },
    /// The distribution's, which builds `core` from source.
    Distro {
        /// Its cargo.
        cargo: PathBuf,
        /// Its compiler.
        rustc: PathBuf,
        /// The linker.
        linker: PathBuf,
    },
}

/// How long rustup may take: it has 30 MB to fetch, or hangs on a network that is not there.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);
const QUESTION_LIMIT: Duration = Duration::from_secs(60);

/// The packages of the distribution's compiler, in the order of preference: Debian keeps an older
/// release's compiler current under other names.
const PACKAGES: [&[&str]; 2] = [
    &["rustc-web", "cargo-web", "rust-web-src", "lld"],
    &["rustc", "cargo", "rust-src", "lld"],
];

/// Chooses a toolchain for a target, installing one if the machine may.
///
/// # Errors
/// One sentence that names what is missing and the command that mends it.
pub fn choose(machine: &Machine, target: &str, policy: Policy) -> Result<Toolchain> {
    let mut reasons = Vec::new();
    if policy != Policy::Distro {
        match active(machine, target) {
            Ok(toolchain) => return Ok(toolchain),
            Err(reason) => reasons.push(format!("{reason:#}")),
        }
        match with_rustup(machine, target) {
            Ok(toolchain) => return Ok(toolchain),
            Err(reason) => reasons.push(format!("{reason:#}")),
        }
    }
    if policy != Policy::Rustup {
        match distro(machine) {
            Ok(toolchain) => return Ok(toolchain),
            Err(reason) => reasons.push(format!("{reason:#}")),
        }
        match with_apt(machine, target) {
            Ok(toolchain) => return Ok(toolchain),
            Err(reason) => reasons.push(format!("{reason:#}")),
        }
    }
    bail!("there is no compiler for {target}: {}", reasons.join("; "))
}

fn active(machine: &Machine, target: &str) -> Result<Toolchain> {
    let rustc = machine.find("rustc").context("there is no rustc on PATH")?;
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    let question = ["--print", "target-libdir", "--target", target];
    let answer = child::capture(machine.command(&rustc).args(question), QUESTION_LIMIT)?;
    let folder = PathBuf::from(answer.text().trim());
    let has_core = fs::read_dir(&folder).is_ok_and(|files| {
        files.flatten().any(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            name.starts_with("libcore-") && name.ends_with(".rlib")
        })
    });
    if !answer.succeeded() || !has_core {
        bail!("the active toolchain has no `core` for it");
    }
    Ok(Toolchain::Active { cargo })
}

fn with_rustup(machine: &Machine, target: &str) -> Result<Toolchain> {
    let by_hand = format!("`rustup target add {target}`");
    let rustup = machine.find("rustup").context("there is no rustup")?;
    if machine.installing == Installing::Forbidden {
        bail!("{by_hand} would add it");
    }
    say::step(&format!(
        "rustup target add {target}: the active toolchain has no `core` for it"
    ));
    let mut command = machine.command(&rustup);
    let answer = child::capture(command.args(["target", "add", target]), RUSTUP_LIMIT)?;
    match answer.status {
        None => bail!("{by_hand} did not end within {} s", RUSTUP_LIMIT.as_secs()),
        Some(status) if !status.success() => {
            say::step(&format!("that failed: {}", answer.complaint()));
            bail!("{by_hand} failed");
        }
        Some(_) => active(machine, target).with_context(|| format!("after {by_hand}")),
    }
}

fn distro(machine: &Machine) -> Result<Toolchain> {
    let program = |name: &str| {
        let file = machine.distribution.join("bin").join(name);
        is_program(&file).then_some(file)
    };
    let rustc = program("rustc").context("the distribution's rustc is missing")?;
    let cargo = program("cargo").context("the distribution's cargo is missing")?;
    let version = answer(machine, &rustc, &["--version"])?;
    if !is_new_enough(&version) {
        bail!(
            "the distribution's compiler is {}, older than {MINIMUM}",
            version.trim()
        );
    }
    let sysroot = PathBuf::from(answer(machine, &rustc, &["--print", "sysroot"])?.trim());
    if !sysroot.join("lib/rustlib/src/rust/library/core").is_dir() {
        bail!("the distribution's sources of `core` are missing");
    }
    let linker = machine
        .find("ld.lld")
        .context("the linker ld.lld is missing")?;
    Ok(Toolchain::Distro {
        cargo,
        rustc,
        linker,
    })
}

fn with_apt(machine: &Machine, target: &str) -> Result<Toolchain> {
    apt::install(
        machine,
        &PACKAGES,
        &format!("a compiler for {target} is needed"),
    )?;
    distro(machine).context("after apt-get install")
}

/// The compiler that the crates ask for.
const MINIMUM: &str = env!("CARGO_PKG_RUST_VERSION");

fn is_new_enough(version: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split('.')
            .map_while(|part| part.parse().ok())
            .collect()
    };
    version
        .split(' ')
        .nth(1)
        .is_some_and(|version| numbers(version) >= numbers(MINIMUM))
}

fn answer(machine: &Machine, program: &Path, question: &[&str]) -> Result<String> {
    let answer = child::capture(machine.command(program).args(question), QUESTION_LIMIT)?;
    if !answer.succeeded() {
        bail!(
            "`{} {}` failed: {}",
            program.display(),
            question.join(" "),
            answer.complaint()
        );
    }
    Ok(answer.text())
}

impl Toolchain {
    /// Cargo, ready to be told what to do for the target. What the caller's own cargo has put into
    /// the environment is taken out: it speaks of another compiler.
    pub fn cargo(&self, machine: &Machine, subcommand: &str, target: &str) -> Command {
        self.cargo_with(machine, None, subcommand, target)
    }

    /// Clippy, ready to be told what to do for the target.
    ///
    /// # Errors
    /// If the toolchain has none.
    pub fn clippy(&self, machine: &Machine, target: &str) -> Result<Command> {
        match self {
            Self::Active { .. } => Ok(self.cargo(machine, "clippy", target)),
            Self::Distro { cargo, .. } => {
                // Not `cargo clippy`: cargo would prefer a rustup clippy in the person's own folder.
                let clippy = cargo.with_file_name("cargo-clippy");
                if !is_program(&clippy) {
                    let why = "clippy of the distribution's compiler is needed";
                    apt::install(machine, &[&["rust-web-clippy"], &["rust-clippy"]], why)?;
                }
                Ok(self.cargo_with(machine, Some(&clippy), "clippy", target))
            }
        }
    }

    fn cargo_with(
        &self,
        machine: &Machine,
        program: Option<&Path>,
        subcommand: &str,
        target: &str,
    ) -> Command {
        const INHERITED: [&str; 9] = [
            "CARGO",
            "CARGO_BUILD_TARGET",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "LD_LIBRARY_PATH",
            "RUSTC",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
        ];
        let (Self::Active { cargo } | Self::Distro { cargo, .. }) = self;
        let mut command = machine.command(program.unwrap_or(cargo));
        INHERITED.iter().for_each(|variable| {
            command.env_remove(variable);
        });
        command.args([subcommand, "--target", target]);
        if let Self::Distro {
            cargo,
            rustc,
            linker,
        } = self
        {
            let linker_variable = format!(
                "CARGO_TARGET_{}_LINKER",
                target.to_uppercase().replace(['-', '.'], "_")
            );
            command
                .env_remove("RUSTUP_TOOLCHAIN")
                .env("CARGO", cargo)
                .env("RUSTC", rustc)
                .env("RUSTC_BOOTSTRAP", "1")
                .env(linker_variable, linker)
                .arg("-Zbuild-std=core");
        }
        command
    }

    /// The name of its target folder: each compiler has one of its own.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active { .. } => "firmware-active",
            Self::Distro { .. } => "firmware-distro",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_is_new_enough_from_the_version_the_crates_name() {
        let [major, minor] = MINIMUM
            .split('.')
            .map(|part| part.parse::<u32>().unwrap())
            .collect::<Vec<_>>()[..]
        else {
            panic!("{MINIMUM} is not MAJOR.MINOR")
        };
        assert!(is_new_enough(&format!(
            "rustc {major}.{minor}.0 (abc 2026-01-01)"
        )));
        assert!(is_new_enough(&format!(
            "rustc {major}.{}.2-nightly",
            minor + 11
        )));
        assert!(!is_new_enough(&format!(
            "rustc {major}.{}.0 (abc)",
            minor - 1
        )));
        assert!(!is_new_enough("rustc"));
    }
}
