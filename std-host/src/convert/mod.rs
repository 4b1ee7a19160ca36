//! Checkpoints of one format as another: device, TensorFlow, NumPy, safetensors.
//!
//! A [`Source`] is recognised by its content, a [`Selection`] says what is taken and how it is
//! called, and [`convert`] writes it. Output appears whole or not at all.

mod cast;
mod directory;
mod npz;
mod objects;
mod safetensors;
mod selection;
mod source;
mod to_device;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gradlet::checkpoint::Choice;

use self::objects::Arrangement;
pub use directory::{MetaGraphFile, Retention};
pub use npz::NpzReader;
pub use safetensors::SafetensorsReader;
pub use selection::{Selected, Selection, Slots};
pub use source::{Source, SourceTensor};

use crate::bundle::{self, data_path, index_path};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::mapping::Mapping;
use crate::name::Name;
use crate::similar::most_similar;
use crate::staged::Durability;
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

/// How tensors are found and named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Variables under flat names, but objects if the mapping has a profile; an object-based
    /// bundle that becomes a bundle as a whole is copied.
    #[default]
    Automatic,
    /// Variables under flat names, as `tf.compat.v1.train.Saver` writes them: `head/kernel`,
    /// `head/kernel/Adam`. Those of an object-based checkpoint are found by its objects.
    Names,
    /// Objects, as `tf.train.Checkpoint` writes them, arranged as the mapping says.
    Objects,
    /// Tensors under the names that they have in the source, also in an object-based one.
    Keys,
}

/// How a checkpoint is converted.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What is taken of the source.
    pub selection: Selection,
    /// How tensors are found and named.
    pub form: Form,
    /// New names, and which variable is which object on the side that has objects: the target's
    /// if it has any, else the source's.
    pub mapping: Mapping,
    /// How a device checkpoint stores tensors, by their new names; without loss and as small as
    /// possible unless said otherwise.
    pub encodings: BTreeMap<String, Choice>,
    /// The format; `None` takes the one that the target's ending stands for.
    pub format: Option<Format>,
    /// The form of a bundle's prefix.
    pub step: Step,
    /// Whether the files are forced to the disk.
    pub durability: Durability,
    /// What becomes of the checkpoints that were in the folder of a bundle before.
    pub retention: Retention,
    /// Whether a bundle of variables under flat names gets a `.meta` file.
    pub meta_graph: MetaGraphFile,
    /// Is told, before each tensor, how many of how many are done.
    pub progress: Option<fn(usize, usize)>,
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
    /// What the user should know: what was left out or assumed.
    pub notes: Vec<String>,
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
    let arrangement = Arrangement::of(source, format, options)?;
    let flat = objects::flattened(source, arrangement, &options.mapping)?;
    let source = flat.as_ref().unwrap_or(source);
    let global_step = source.global_step()?;
    let available = source.tensors()?;
    let mut selection = options.selection.clone();
    let mut notes = Vec::new();
    if let Source::Objects(variables) = source {
        // Their flat names are the new ones already.
        notes.extend_from_slice(variables.notes());
    } else {
        let names: Vec<Name> = available.iter().map(|tensor| tensor.name.clone()).collect();
        for (old, new) in objects::renamed(&options.mapping, &names)? {
            selection.renames.entry(old).or_insert(new);
        }
    }
    let selected = selection.apply(&available)?;
    let mut written = Written {
        target: target.to_path_buf(),
        files: Vec::new(),
        tensors: selected.len(),
        global_step,
        notes,
    };
    check_encodings(&options.encodings, format, &selected)?;
    if options.meta_graph == MetaGraphFile::Written
        && (arrangement == Arrangement::Objects
            || objects::keeps_keys(source)?
            || !matches!(format, Format::V1 | Format::V2))
    {
        return Err(Error::InvalidArgument(
            "a MetaGraph goes with a bundle of variables under flat names only".to_owned(),
        )
        .into());
    }
    let progress = options.progress.unwrap_or(|_, _| {});
    let tensors = selected.iter().enumerate().map(|(done, one)| {
        progress(done, selected.len());
        read(source, one)
    });
    let durability = options.durability;
    match format {
        Format::Device => {
            let step = global_step.unwrap_or(0);
            to_device::write(target, tensors, &options.encodings, step, durability)?;
        }
        Format::Npz => npz::write(target, tensors, durability)?,
        Format::Safetensors => safetensors::write(target, tensors, durability)?,
        Format::V1 | Format::V2 => {
            if appends(source, options.step) {
                let step = global_step.unwrap_or(0);
                written.target.as_mut_os_string().push(format!("-{step}"));
            }
            let whole = selection.is_everything();
            match (format, arrangement) {
                (Format::V1, _) => to_v1(source, &mut written, tensors, whole, durability)?,
                (_, Arrangement::Objects) => {
                    let saved = objects::write(source, &selected, &written.target, options)?;
                    written.notes.extend(saved.notes);
                    written.files = bundle_files(&written.target, 1);
                }
                _ => written.files = to_v2(source, &written.target, tensors, whole, durability)?,
            }
            if options.meta_graph == MetaGraphFile::Written {
                let meta = directory::write_meta_graph(&written.target, &selected, durability)?;
                written.files.push(meta);
            }
            let state = directory::note(&written.target, options.retention, durability)?;
            written.files.push(state);
            return Ok(written);
        }
    }
    written.files.push(target.to_path_buf());
    Ok(written)
}

/// Checks that every choice of encoding has a tensor, and a format that knows encodings.
fn check_encodings(
    encodings: &BTreeMap<String, Choice>,
    format: Format,
    selected: &[Selected],
) -> Result<()> {
    for (name, choice) in encodings {
        if format != Format::Device {
            return Err(Error::InvalidArgument(format!(
                "encoding of \"{name}\": only device checkpoints (.gck) have encodings; to change \
                 the type in another format, cast it"
            )));
        }
        let Some(tensor) = selected.iter().find(|one| one.target == name.as_str()) else {
            let names = selected.iter().map(|one| one.target.as_bytes());
            let hint = most_similar(name.as_bytes(), names)
                .map(|near| format!("; did you mean \"{}\"?", Name::from(near)))
                .unwrap_or_default();
            return Err(Error::InvalidArgument(format!(
                "encoding of \"{name}\": no such tensor is written{hint}"
            )));
        };
        let lossy = matches!(choice, Choice::Bf16 | Choice::Blocks8);
        if lossy && tensor.dtype != DType::Float32 {
            return Err(Error::InvalidTensor {
                name: tensor.target.clone(),
                reason: format!("{} cannot be stored with loss, only float32", tensor.dtype),
            });
        }
    }
    Ok(())
}

/// Whether the step is appended to the prefix of a bundle.
fn appends(source: &Source, step: Step) -> bool {
    match step {
        Step::Appended => true,
        Step::Omitted => false,
        Step::Automatic => matches!(source, Source::Device(_)),
    }
}

/// The files of a bundle, in the order they get their names.
fn bundle_files(prefix: &Path, shards: u32) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = (0..shards).map(|n| data_path(prefix, n, shards)).collect();
    files.push(index_path(prefix));
    files
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
    whole: bool,
    durability: Durability,
) -> Result<Vec<PathBuf>> {
    let shards = match source {
        Source::Bundle(reader) if whole => {
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
    Ok(bundle_files(prefix, shards))
}

/// Writes the V1 checkpoint; a sharded one that is copied stays sharded, under a pattern.
fn to_v1(
    source: &Source,
    written: &mut Written,
    tensors: impl Iterator<Item = Result<(Name, Tensor)>>,
    whole: bool,
    durability: Durability,
) -> Result<()> {
    let target = &written.target;
    if let (Source::V1(reader), true) = (source, whole) {
        v1::rewrite(reader.path(), target, durability)?;
        if !target.is_file() {
            let shards = v1::find_files(reader.path())?.len();
            // Their number is in their names, which have five digits for it.
            written.target = v1::shard_pattern(target, shards as u32);
        }
    } else {
        let mut writer = v1::Writer::with_durability(target, durability)?;
        for tensor in tensors {
            let (name, tensor) = tensor?;
            writer.add(&name, tensor.view())?;
        }
        writer.finish()?;
    }
    written.files = v1::find_files(&written.target)?;
    Ok(())
}
