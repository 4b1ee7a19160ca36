//! Turns a story's folder into Rust tables, for the build scripts of the examples.
//!
//! A *story* is a folder with a data set, a frozen int8 backbone, a shipped head and the order in
//! which TensorFlow fine-tuned it: `tests/data/stories/*/README.md` describes the form. No example
//! is written for one story; its build script calls
//!
//! ```no_run
//! // build.rs
//! story::Build::of("wand_digits").mode("replay").run();
//! ```
//!
//! and its program includes what came out:
//!
//! ```text
//! mod story {
//!     include!(concat!(env!("OUT_DIR"), "/story.rs"));
//! }
//! let features = story::BACKBONE.run(&story::INPUTS[0], &mut scratch)?;
//! ```
//!
//! The environment overrides both: `GRADLET_STORY` names another folder of the same form, and
//! `GRADLET_MODE` another of its training orders (any `TAG` with a `steps_TAG.u16.bin`).
//!
//! # What is generated
//! | item | what it is |
//! |---|---|
//! | `TITLE`, `MODE`, `CLASS_NAMES` | texts |
//! | `INPUT_SHAPE`, `INPUT`, `FEATURES`, `CLASSES`, `SAMPLES` | sizes |
//! | `BACKBONE`, `ACTIVATIONS`, `MACS` | the frozen layers, the scratch that they need, multiplications a sample |
//! | `FEATURE_SCALE`, `FEATURE_ZERO_POINT` | `real = (feature - zero point) * scale` |
//! | `KERNEL`, `BIAS` | the shipped head, `[[f32; CLASSES]; FEATURES]` and `[f32; CLASSES]` |
//! | `INPUTS`, `LABELS` | the data set, one row a sample |
//! | `FINETUNE`, `TEST`, `SOURCE_TEST` | rows of the data set |
//! | `FINETUNE_INPUTS`, `FINETUNE_LABELS`, `TEST_INPUTS`, `TEST_LABELS`, `DISTINCT_INPUTS`, `DISTINCT_LABELS` | the samples of these rows alone, where the whole data set would not fit |
//! | `LEARNING_RATE`, `BETA1`, `BETA2`, `EPSILON` | Adam's |
//! | `BATCH`, `STEPS`, `ORDER` | the rows of each training step |
//! | `DISTINCT`, `DISTINCT_ROWS`, `REPLAY` | the rows that occur in `ORDER`, by first use, and `ORDER` as positions among them: what a replay buffer holds, and how it is read |
//!
//! What a program does not use is not linked. Everything is checked before it is generated, sizes
//! and hashes of the files included; an [`Error`] names the file, what was expected and what was
//! found.
#![forbid(unsafe_code)]

mod build;
mod dataset;
mod emit;
mod error;
mod folder;
mod graph;
mod manifest;
mod plan;
mod quantize;
mod site;
mod tensors;
mod training;
mod translate;

pub use build::Build;
pub use dataset::Story;
pub use error::Error;
pub use folder::Folder;
pub use plan::{Plan, Step};
pub use quantize::fixed_point;
pub use training::Training;
