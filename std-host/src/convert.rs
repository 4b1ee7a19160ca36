//! From the device to TensorFlow.

use std::path::{Path, PathBuf};

use crate::bundle::{self, data_path, index_path};
use crate::device::DeviceCheckpoint;
use crate::error::Result;
use crate::staged::Durability;

/// Whether a bundle's prefix tells the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// `-STEP` is appended to the prefix, as `Saver.save(…, global_step=…)` does.
    #[default]
    Appended,
    /// The prefix is used as it is.
    Omitted,
}

/// How a checkpoint is converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The form of the prefix.
    pub step: Step,
    /// Whether the files are forced to the disk.
    pub durability: Durability,
}

/// What a conversion wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Prefix of the bundle.
    pub prefix: PathBuf,
    /// All files, in the order they got their names.
    pub files: Vec<PathBuf>,
}

/// Writes the tensors of `device` as a V2 bundle and makes it the newest of its folder.
///
/// Tensors are written in the order of their names, as `tf.train.Saver` does.
///
/// # Errors
/// Those of [`bundle::Writer`]; nothing is left behind then.
pub fn device_to_bundle(
    device: &DeviceCheckpoint,
    prefix: impl AsRef<Path>,
    options: Options,
) -> Result<Written> {
    let mut prefix = prefix.as_ref().to_path_buf();
    if options.step == Step::Appended {
        prefix
            .as_mut_os_string()
            .push(format!("-{}", device.global_step()));
    }
    let mut tensors: Vec<_> = device.tensors().collect();
    tensors.sort_by_key(|tensor| tensor.name);
    let writer_options = bundle::Options {
        durability: options.durability,
        ..Default::default()
    };
    let mut writer = bundle::Writer::with_options(&prefix, writer_options)?;
    for tensor in tensors {
        writer.add(tensor.name, tensor.view)?;
    }
    writer.finish()?;
    let files = vec![data_path(&prefix, 0, 1), index_path(&prefix)];
    Ok(Written { prefix, files })
}
