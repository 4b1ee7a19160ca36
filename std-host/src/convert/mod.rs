//! Checkpoints of one format as another: device, TensorFlow, NumPy, safetensors.
//!
//! A [`Source`] is recognised by its content, a [`Selection`] says what is taken and how it is
//! called, and [`convert`] writes it. Output appears whole or not at all.

mod cast;
mod npz;
mod safetensors;
mod selection;
mod source;
mod to_device;

use std::path::{Path, PathBuf};

pub use npz::NpzReader;
pub use safetensors::SafetensorsReader;
pub use selection::{Selected, Selection, Slots};
pub use source::{Source, SourceTensor};

use crate::bundle::{self, data_path, index_path};
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::name::Name;
use crate::staged::{Durability, folder_of};
use crate::state::{DEFAULT_LATEST_FILENAME, PathForm, StateUpdate, update_checkpoint_state};
use crate::tensor::Tensor;
use crate::v1;

/// A format to convert to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A device checkpoint, `.gck`.
    Device,
    /// A TensorFlow V2 bundle.
    V2,
    /// A TensorFlow V1 checkpoint.
    V1,
    /// NumPy's archive, `.npz`.
    Npz,
    /// A safetensors file, `.safetensors`.
    Safetensors,
}

impl Format {
    /// The format that the ending of `path` stands for; a V2 prefix has none of the others.
    pub fn of_path(path: &Path) -> Format {
        let endings = [
            ("gck", Self::Device),
            ("npz", Self::Npz),
            ("safetensors", Self::Safetensors),
        ];
        let found = endings
            .into_iter()
            .find(|(ending, _)| source::has_ending(path, ending));
        found.map_or(Self::V2, |(_, format)| format)
    }
}

/// Whether a bundle's prefix tells the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// `-STEP` is appended to the prefix, as `Saver.save(…, global_step=…)` does.
    Appended,
    /// The prefix is used as it is.
    Omitted,
    /// Appended for device checkpoints, whose files have no step in their name.
    #[default]
    Automatic,
}

/// How a checkpoint is converted.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What is taken of the source.
    pub selection: Selection,
    /// The format; `None` takes the one that the target's ending stands for.
    pub format: Option<Format>,
    /// The form of a bundle's prefix.
    pub step: Step,
    /// Whether the files are forced to the disk.
    pub durability: Durability,
}

/// What a conversion wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file, or the prefix of the bundle.
    pub target: PathBuf,
    /// All files, in the order they got their names.
    pub files: Vec<PathBuf>,
    /// Number of tensors.
    pub tensors: usize,
    /// Training steps done, where the source tells.
    pub global_step: Option<i64>,
}

/// Writes what `source` holds as `target`.
///
/// A bundle that is taken as a whole keeps its byte order, data files, slices and the order of its
/// data; otherwise tensors are written in the order of their names, as `tf.train.Saver` does. A
/// bundle becomes the newest of its folder: its name is written into the `checkpoint` state file.
///
/// # Errors
/// Those of reading, selecting and writing; nothing is left behind then.
pub fn convert(
    source: &Source,
    target: impl AsRef<Path>,
    options: &Options,
) -> Result<Written, ManagementError> {
    let target = target.as_ref();
    let format = options.format.unwrap_or_else(|| Format::of_path(target));
    let global_step = source.global_step()?;
    let selected = options.selection.apply(&source.tensors()?)?;
    let tensors = selected.iter().map(|selected| read(source, selected));
    let durability = options.durability;
    let mut written = Written {
        target: target.to_path_buf(),
        files: Vec::new(),
        tensors: selected.len(),
        global_step,
    };
    match format {
        Format::Device => {
            to_device::write(target, tensors, global_step.unwrap_or(0), durability)?;
        }
        Format::Npz => npz::write(target, tensors, durability)?,
        Format::Safetensors => safetensors::write(target, tensors, durability)?,
        Format::V1 | Format::V2 => {
            let append = match options.step {
                Step::Appended => true,
                Step::Omitted => false,
                Step::Automatic => matches!(source, Source::Device(_)),
            };
            if append {
                let step = global_step.unwrap_or(0);
                written.target.as_mut_os_string().push(format!("-{step}"));
            }
            match format {
                Format::V1 => to_v1(source, &mut written, tensors, options)?,
                _ => written.files = to_v2(source, &written.target, tensors, options)?,
            }
            written
                .files
                .push(update_state(&written.target, durability)?);
            return Ok(written);
        }
    }
    written.files.push(target.to_path_buf());
    Ok(written)
}

fn read(source: &Source, selected: &Selected) -> Result<(Name, Tensor)> {
    let mut tensor = source.read(&selected.source)?;
    if tensor.dtype() != selected.dtype {
        tensor = cast::cast(&tensor, selected.dtype).ok_or_else(|| Error::InvalidTensor {
            name: selected.source.clone(),
            reason: format!("{} cannot be cast to {}", tensor.dtype(), selected.dtype),
        })?;
    }
    if tensor.shape() != selected.shape {
        let dtype = tensor.dtype();
        let bytes = tensor.into_bytes().unwrap_or_default();
        tensor = Tensor::new(dtype, &selected.shape, bytes)?;
    }
    Ok((selected.target.clone(), tensor))
}

/// Writes the bundle; its files in the order they got their names.
fn to_v2(
    source: &Source,
    prefix: &Path,
    tensors: impl Iterator<Item = Result<(Name, Tensor)>>,
    options: &Options,
) -> Result<Vec<PathBuf>> {
    let durability = options.durability;
    let shards = match source {
        Source::Bundle(reader) if options.selection.is_everything() => {
            bundle::rewrite(reader.prefix(), prefix, durability)?;
            reader.header().shards
        }
        _ => {
            let writer_options = bundle::Options {
                durability,
                ..Default::default()
            };
            let mut writer = bundle::Writer::with_options(prefix, writer_options)?;
            for tensor in tensors {
                let (name, tensor) = tensor?;
                writer.add(&name, tensor.view())?;
            }
            writer.finish()?;
            1
        }
    };
    let mut files: Vec<PathBuf> = (0..shards).map(|n| data_path(prefix, n, shards)).collect();
    files.push(index_path(prefix));
    Ok(files)
}

/// Writes the V1 checkpoint; a sharded one that is copied stays sharded, under a pattern.
fn to_v1(
    source: &Source,
    written: &mut Written,
    tensors: impl Iterator<Item = Result<(Name, Tensor)>>,
    options: &Options,
) -> Result<()> {
    let target = &written.target;
    if let (Source::V1(reader), true) = (source, options.selection.is_everything()) {
        v1::rewrite(reader.path(), target, options.durability)?;
        if !target.is_file() {
            let shards = v1::find_files(reader.path())?.len();
            // Their number is in their names, which have five digits for it.
            written.target = v1::shard_pattern(target, shards as u32);
        }
    } else {
        let mut writer = v1::Writer::with_durability(target, options.durability)?;
        for tensor in tensors {
            let (name, tensor) = tensor?;
            writer.add(&name, tensor.view())?;
        }
        writer.finish()?;
    }
    written.files = v1::find_files(&written.target)?;
    Ok(())
}

/// Names `prefix` in the state file of its folder; the file.
fn update_state(prefix: &Path, durability: Durability) -> Result<PathBuf, ManagementError> {
    let folder = folder_of(prefix);
    let state_file = folder.join(DEFAULT_LATEST_FILENAME);
    // Relative to the folder, so that it can be moved.
    let name = prefix.file_name().unwrap_or_default().to_string_lossy();
    update_checkpoint_state(&StateUpdate {
        directory: &folder.to_string_lossy(),
        model_checkpoint_path: &folder.join(&*name).to_string_lossy(),
        path_form: PathForm::Relative,
        durability,
        ..Default::default()
    })?;
    Ok(state_file)
}
