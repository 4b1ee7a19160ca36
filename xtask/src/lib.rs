//! Set-up, and everything a person would otherwise type twice.
//!
//! The command line is a thin layer over this library, so that the tests that need a board build
//! and run programs through the very same code.
//!
//! | module | idea |
//! |---|---|
//! | [`args`], [`command`] | the command line: a table of commands, a file each |
//! | [`machine`], [`child`], [`apt`], [`say`] | the machine this runs on, its programs, and what is told to the person |
//! | [`toolchain`], [`qemu`] | choosing and installing the firmware compiler and the emulator |
//! | [`python`] | a Python with TensorFlow |
//! | [`board`], [`example`] | what the folders of `firmware-examples` say of themselves |
//! | [`firmware`], [`c`], [`emulator`], [`elf`] | building a program, also one in C, running it, measuring it |
//! | [`mod@line`], [`peer`], [`samples`] | a board's serial line, and who is at its other end |
//! | [`trace`], [`cycles`] | what a program executes, and the cycles that it would take |
//! | [`gradlet`], [`story`] | the host's program, and the stories that its results are compared with |
//! | [`mod@fuzz`] | building and running the fuzz targets |
//! | [`image`], [`sanitizer`] | what can be proved of a program and of the core |
//! | [`figures`] | numbers, as lines or as JSON |
//! | [`root`] | where things are |
pub mod apt;
pub mod args;
pub mod board;
pub mod c;
pub mod child;
pub mod command;
pub mod cycles;
pub mod elf;
pub mod emulator;
pub mod example;
pub mod figures;
pub mod firmware;
pub mod fuzz;
pub mod gradlet;
pub mod image;
pub mod line;
pub mod machine;
pub mod peer;
pub mod python;
pub mod qemu;
pub mod root;
pub mod samples;
pub mod sanitizer;
pub mod say;
pub mod story;
pub mod toolchain;
pub mod trace;
