//! The choice of the firmware compiler, on machines made of stand-ins for `rustc`, `rustup` and
//! `apt-get`: what is asked in which order, what is installed, and what is said when nothing helps.
use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use xtask::{
    machine::{Installing, Machine},
    toolchain::{self, Policy, Toolchain},
};

const TARGET: &str = "thumbv7em-none-eabihf";

/// Has `core` for the target as soon as `rustup` or the test has put it there.
const RUSTC: &str = r#"echo "$ROOT/libdir""#;
const RUSTUP_ADDS: &str = r#"/bin/mkdir -p "$ROOT/libdir" && : > "$ROOT/libdir/libcore-1234.rlib""#;
const OFFLINE: &str = "echo 'could not download' >&2; exit 1";
/// Installs the distribution's compiler that the test has prepared.
const APT_INSTALLS: &str = r#"[ "$1" = update ] || /bin/cp -r "$ROOT/packages/." "$ROOT/usr/""#;
/// A release that does not know the first of the names.
const APT_KNOWS_RUSTC_ONLY: &str = r#"case "$*" in *rustc-web*) exit 100;; esac
[ "$1" = update ] || /bin/cp -r "$ROOT/packages/." "$ROOT/usr/""#;

/// A machine in a folder: programs in `bin`, the distribution's compiler in `usr`.
struct Stage {
    root: TempDir,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            root: tempfile::tempdir().expect("a folder"),
        };
        stage.program("bin/sudo", r#"exec "$@""#);
        stage.program("bin/rustc", RUSTC);
        stage.program("bin/cargo", "");
        stage.program("bin/ld.lld", "");
        fs::create_dir_all(stage.path("usr")).expect("a folder");
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A program that notes how it was called, then does what `script` says.
    fn program(&self, name: &str, script: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().expect("in a folder")).expect("a folder");
        let root = self.root.path().display();
        let note = format!("echo \"${{0##*/}} $*\" >> '{root}/calls'");
        fs::write(
            &file,
            format!("#!/bin/sh\nROOT='{root}'\n{note}\n{script}\n"),
        )
        .expect("a program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
    }

    fn without(self, name: &str) -> Self {
        fs::remove_file(self.path(name)).expect("it was there");
        self
    }

    /// The distribution's compiler under `place`, which is `usr` when it is installed and
    /// `packages` when apt-get is to install it.
    fn distribution(self, place: &str, version: &str) -> Self {
        let sysroot = self.path("usr");
        let answer = format!(
            "[ \"$1\" = --version ] && echo 'rustc {version} (abc)' || echo '{}'",
            sysroot.display()
        );
        self.program(&format!("{place}/bin/rustc"), &answer);
        self.program(&format!("{place}/bin/cargo"), "");
        let sources = self.path(place).join("lib/rustlib/src/rust/library/core");
        fs::create_dir_all(sources).expect("a folder");
        self
    }

    fn with(self, name: &str, script: &str) -> Self {
        self.program(&format!("bin/{name}"), script);
        self
    }

    fn machine(&self, installing: Installing) -> Machine {
        let path = self.path("bin").into_os_string();
        Machine {
            path,
            distribution: self.path("usr"),
            installing,
        }
    }

    fn choose(&self, policy: Policy) -> Result<Toolchain, String> {
        self.choose_if(policy, Installing::Allowed)
    }

    fn choose_if(&self, policy: Policy, installing: Installing) -> Result<Toolchain, String> {
        toolchain::choose(&self.machine(installing), TARGET, policy)
            .map_err(|error| format!("{error:#}"))
    }

    /// The calls of the programs that change the machine.
    fn changes(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let changes = calls
            .lines()
            .filter(|call| call.starts_with("rustup") || call.starts_with("apt-get"));
        changes.map(String::from).collect()
    }

    fn was_asked(&self, program: &str) -> bool {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls
            .lines()
            .any(|call| call.split(' ').next() == Some(program))
    }
}

#[track_caller]
fn assert_active(stage: &Stage, chosen: Result<Toolchain, String>) {
    assert_eq!(
        chosen,
        Ok(Toolchain::Active {
            cargo: stage.path("bin/cargo")
        })
    );
}

#[track_caller]
fn assert_distro(stage: &Stage, chosen: Result<Toolchain, String>) {
    let expected = Toolchain::Distro {
        cargo: stage.path("usr/bin/cargo"),
        rustc: stage.path("usr/bin/rustc"),
        linker: stage.path("bin/ld.lld"),
    };
    assert_eq!(chosen, Ok(expected));
}

#[track_caller]
fn assert_mentions(message: &str, all: &[&str]) {
    for needed in all {
        assert!(
            message.contains(needed),
            "`{needed}` is not named in: {message}"
        );
    }
    assert!(!message.contains('\n'), "more than one sentence: {message}");
}

#[test]
fn an_active_toolchain_with_core_for_the_target_is_taken_as_it_is() {
    let stage = Stage::new()
        .with("rustup", RUSTUP_ADDS)
        .with("apt-get", APT_INSTALLS);
    fs::create_dir(stage.path("libdir")).expect("a folder");
    fs::write(stage.path("libdir/libcore-77.rlib"), "").expect("a file");
    let chosen = stage.choose(Policy::Auto);
    assert_active(&stage, chosen);
    assert_eq!(stage.changes(), [""; 0], "nothing had to be installed");
}

#[test]
fn rustup_is_asked_to_add_the_target_before_anything_is_installed() {
    let stage = Stage::new()
        .with("rustup", RUSTUP_ADDS)
        .with("apt-get", APT_INSTALLS);
    let chosen = stage.choose(Policy::Auto);
    assert_active(&stage, chosen);
    assert_eq!(stage.changes(), [format!("rustup target add {TARGET}")]);
}

#[test]
fn where_rustup_is_offline_the_distributions_compiler_is_taken() {
    let stage = Stage::new()
        .with("rustup", OFFLINE)
        .with("apt-get", APT_INSTALLS)
        .distribution("usr", "1.96.0");
    let chosen = stage.choose(Policy::Auto);
    assert_distro(&stage, chosen);
    assert_eq!(
        stage.changes(),
        [format!("rustup target add {TARGET}")],
        "apt-get was not needed"
    );
}

#[test]
fn a_bare_machine_gets_the_distributions_compiler_installed() {
    let stage = Stage::new()
        .with("apt-get", APT_INSTALLS)
        .distribution("packages", "1.96.0");
    let chosen = stage.choose(Policy::Auto);
    assert_distro(&stage, chosen);
    assert_eq!(
        stage.changes(),
        [
            "apt-get update -qq",
            "apt-get install -y -qq --no-install-recommends rustc-web cargo-web rust-web-src lld",
        ]
    );
}

#[test]
fn a_release_that_has_the_compiler_under_its_plain_name_gets_that() {
    let stage = Stage::new()
        .with("apt-get", APT_KNOWS_RUSTC_ONLY)
        .distribution("packages", "1.96.0");
    let chosen = stage.choose(Policy::Auto);
    assert_distro(&stage, chosen);
    let last = stage.changes().pop().expect("apt-get was called");
    assert!(last.ends_with("rustc cargo rust-src lld"), "{last}");
}

#[test]
fn an_administrator_is_needed_only_where_something_is_installed() {
    let stage = Stage::new()
        .distribution("usr", "1.96.0")
        .without("bin/sudo");
    let chosen = stage.choose(Policy::Distro);
    assert_distro(&stage, chosen);
}

#[test]
fn the_policy_rustup_never_touches_the_distribution() {
    let stage = Stage::new()
        .with("rustup", OFFLINE)
        .with("apt-get", APT_INSTALLS)
        .distribution("usr", "1.96.0");
    let message = stage.choose(Policy::Rustup).expect_err("rustup is offline");
    assert_mentions(&message, &[TARGET, "rustup target add"]);
    assert!(!stage.was_asked("apt-get"), "apt-get was called");
}

#[test]
fn the_policy_distro_asks_neither_the_active_toolchain_nor_rustup() {
    let stage = Stage::new()
        .with("rustup", RUSTUP_ADDS)
        .distribution("usr", "1.96.0");
    fs::write(stage.path("calls"), "").expect("a file");
    let chosen = stage.choose(Policy::Distro);
    assert_distro(&stage, chosen);
    assert!(!stage.was_asked("rustup"), "rustup was called");
}

#[test]
fn a_compiler_of_the_distribution_that_is_too_old_is_refused_by_its_version() {
    let stage = Stage::new().distribution("usr", "1.63.0");
    let message = stage.choose(Policy::Distro).expect_err("it is too old");
    assert_mentions(&message, &["1.63.0", env!("CARGO_PKG_RUST_VERSION")]);
}

#[test]
fn when_apt_get_fails_the_packages_and_the_command_are_named() {
    let stage = Stage::new().with("apt-get", "exit 100");
    let message = stage
        .choose(Policy::Auto)
        .expect_err("nothing can be installed");
    assert_mentions(
        &message,
        &[
            TARGET,
            "as root, run `apt-get update && apt-get install",
            "rust-web-src",
        ],
    );
}

#[test]
fn without_apt_get_the_missing_packages_are_named() {
    let message = Stage::new()
        .choose(Policy::Auto)
        .expect_err("nothing can be installed");
    assert_mentions(
        &message,
        &[TARGET, "there is no rustup", "no apt-get", "rustc-web"],
    );
}

#[test]
fn a_missing_linker_is_named() {
    let stage = Stage::new()
        .distribution("usr", "1.96.0")
        .without("bin/ld.lld");
    let message = stage
        .choose(Policy::Distro)
        .expect_err("there is no linker");
    assert_mentions(&message, &["ld.lld"]);
}

#[test]
fn where_nothing_may_be_installed_nothing_is_and_the_set_up_is_named() {
    let stage = Stage::new()
        .with("rustup", RUSTUP_ADDS)
        .with("apt-get", APT_INSTALLS);
    let message = stage
        .choose_if(Policy::Auto, Installing::Forbidden)
        .expect_err("there is no compiler");
    assert_mentions(&message, &[TARGET, "cargo xtask setup"]);
    assert_eq!(stage.changes(), [""; 0], "something was installed");
}

#[test]
fn the_policy_is_one_of_three_words() {
    for (word, policy) in [
        ("", Policy::Auto),
        ("auto", Policy::Auto),
        ("rustup", Policy::Rustup),
        ("distro", Policy::Distro),
    ] {
        assert_eq!(Policy::parse(word).expect(word), policy);
    }
    let message = Policy::parse("debian")
        .expect_err("no such policy")
        .to_string();
    assert_mentions(&message, &["debian", "auto", "rustup", "distro"]);
}

#[test]
fn the_distributions_cargo_is_told_nothing_of_the_callers_compiler() {
    let stage = Stage::new().distribution("usr", "1.96.0");
    let toolchain = stage.choose(Policy::Distro).expect("it is there");
    let command = toolchain.cargo(&stage.machine(Installing::Forbidden), "build", TARGET);
    let variable = |name: &str| {
        command
            .get_envs()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    for name in [
        "RUSTUP_TOOLCHAIN",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "LD_LIBRARY_PATH",
        "RUSTC_WRAPPER",
    ] {
        assert_eq!(variable(name), Some(None), "{name} is inherited");
    }
    let of_usr = |name: &str| Some(Some(stage.path(name)));
    let path = |name: &str| {
        variable(name).map(|value| value.map(|value: &OsStr| Path::new(value).to_owned()))
    };
    assert_eq!(path("RUSTC"), of_usr("usr/bin/rustc"));
    assert_eq!(
        path("CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER"),
        of_usr("bin/ld.lld")
    );
    assert_eq!(command.get_program(), stage.path("usr/bin/cargo"));
    assert!(
        command.get_args().any(|word| word == "-Zbuild-std=core"),
        "core is not built"
    );
}
