//! Saving.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::{Emptiness, MetaGraphFile, Saver, Sharding, StateFile};
use crate::bundle;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::meta_graph::{MetaGraph, MetaGraphError, variables_in_collections};
use crate::staged::Durability;
use crate::state::{
    FormatVersion, StateUpdate, meta_graph_filename, paths, remove_checkpoint,
    update_checkpoint_state,
};
use crate::v1;
use crate::variables::{Saveable, Variable};

impl<C: Clock> Saver<C> {
    /// Saves all variables under `path`, or `path-STEP` if a step is given, and returns that
    /// prefix, or `None` if there are no variables and that is allowed (`save`).
    ///
    /// Data, state file, deletion of an old checkpoint and MetaGraph follow each other as in
    /// TensorFlow: at every moment the state file names a whole checkpoint.
    ///
    /// # Errors
    /// The settings contradict each other, there is nothing to save, a value cannot be read, or a
    /// file cannot be written.
    pub fn save(
        &mut self,
        variables: &(impl Saveable + ?Sized),
        path: impl AsRef<Path>,
        global_step: impl Into<Option<i64>>,
    ) -> Result<Option<String>, ManagementError> {
        let name = self.state_file.name();
        if !paths::dirname(name).is_empty() {
            return Err(ManagementError::LatestFilenameHasPath {
                name: name.to_owned(),
            });
        }
        let prefix = self.numbered(path.as_ref(), global_step.into())?;
        let list = variables.variables()?;
        if list.is_empty() && self.emptiness == Emptiness::Refused {
            return Err(ManagementError::NoVariables);
        }
        let mut saved = None;
        if !list.is_empty() {
            let written = self.write_data(variables, &list, &prefix);
            let written = written.map_err(|error| no_parent(error, path.as_ref()))?;
            self.note(&written, path.as_ref())?;
            saved = Some(written);
        }
        if let MetaGraphFile::Written { suffix } = &self.meta_graph {
            let meta = MetaGraph::build(&variables_in_collections(&list), &self.to_proto());
            let file = meta_graph_filename(&prefix, suffix);
            meta.write(&file, self.durability).map_err(meta_fault)?;
        }
        Ok(saved)
    }

    /// Writes the values; returns the prefix by which the checkpoint is known from now on.
    fn write_data(
        &self,
        source: &(impl Saveable + ?Sized),
        list: &[Variable],
        prefix: &str,
    ) -> Result<String> {
        let shards = self.shards(list);
        match self.version {
            FormatVersion::V2 => {
                write_v2(source, list, &shards, prefix, self.durability)?;
                Ok(prefix.to_owned())
            }
            FormatVersion::V1 => write_v1(source, list, &shards, prefix, self),
        }
    }

    /// Numbers of the variables for each data file, in the order of their names.
    fn shards(&self, list: &[Variable]) -> Vec<Vec<usize>> {
        let mut numbers: Vec<usize> = (0..list.len()).collect();
        numbers.sort_by_key(|&number| list.get(number).map(|variable| &variable.name));
        if self.sharding == Sharding::Together {
            return vec![numbers];
        }
        let mut by_device: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for number in numbers {
            let device = list.get(number).map_or("", |variable| &variable.device);
            by_device.entry(device).or_default().push(number);
        }
        by_device.into_values().collect()
    }

    /// Updates list and state file, and deletes what is due.
    fn note(&mut self, written: &str, path: &Path) -> Result<(), ManagementError> {
        let StateFile::Written { name } = &self.state_file else {
            return Ok(());
        };
        self.retention.record(written, self.clock.now());
        let last = self
            .retention
            .last()
            .iter()
            .map(|(path, _)| path.clone())
            .collect();
        update_checkpoint_state(&StateUpdate {
            directory: paths::dirname(paths::as_text(path)?),
            model_checkpoint_path: written,
            all_model_checkpoint_paths: last,
            latest_filename: Some(name),
            path_form: self.path_form,
            durability: self.durability,
            ..StateUpdate::default()
        })?;
        if let Some(old) = self.retention.due() {
            let (MetaGraphFile::Written { suffix } | MetaGraphFile::Omitted { suffix }) =
                &self.meta_graph;
            if let Err(error) = remove_checkpoint(&old, self.version, suffix) {
                log::warn!("Ignoring: {error}");
            }
        }
        Ok(())
    }
}

fn write_v2(
    source: &(impl Saveable + ?Sized),
    list: &[Variable],
    shards: &[Vec<usize>],
    prefix: &str,
    durability: Durability,
) -> Result<()> {
    let options = bundle::Options {
        durability,
        ..bundle::Options::default()
    };
    let mut writer = bundle::Writer::with_options(prefix, options)?;
    for (shard, numbers) in shards.iter().enumerate() {
        if shard > 0 {
            writer.next_shard()?;
        }
        for &number in numbers {
            let Some(variable) = list.get(number) else {
                continue;
            };
            source.look(number, &mut |value| match &variable.part {
                Some(part) => {
                    writer.add_slice(&variable.name, &part.full_shape, &part.slice, value)
                }
                None => writer.add(&variable.name, value),
            })?;
        }
    }
    writer.finish()
}

fn write_v1<C: Clock>(
    source: &(impl Saveable + ?Sized),
    list: &[Variable],
    shards: &[Vec<usize>],
    prefix: &str,
    saver: &Saver<C>,
) -> Result<String> {
    let path = Path::new(prefix);
    let count = shards.len() as u32;
    for (shard, numbers) in (0..).zip(shards) {
        let file = match saver.sharding {
            Sharding::Together => path.to_path_buf(),
            Sharding::ByDevice => v1::shard_path(path, shard, count),
        };
        let mut writer = v1::Writer::with_durability(file, saver.durability)?;
        for &number in numbers {
            let Some(variable) = list.get(number) else {
                continue;
            };
            source.look(number, &mut |value| match &variable.part {
                Some(part) => {
                    writer.add_slice(&variable.name, &part.full_shape, &part.slice, value)
                }
                None => writer.add(&variable.name, value),
            })?;
        }
        writer.finish()?;
    }
    let known = match saver.sharding {
        Sharding::Together => path.to_path_buf(),
        Sharding::ByDevice => v1::shard_pattern(path, count),
    };
    Ok(known.to_string_lossy().into_owned())
}

/// TensorFlow's own words where the folder to save in is missing.
fn no_parent(error: Error, path: &Path) -> ManagementError {
    match &error {
        Error::Io { source, .. }
            if matches!(
                source.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::AlreadyExists
            ) && !path.parent().is_some_and(Path::is_dir) =>
        {
            ManagementError::NoParentDirectory {
                path: path.display().to_string(),
            }
        }
        _ => ManagementError::File(error),
    }
}

fn meta_fault(error: MetaGraphError) -> ManagementError {
    match error {
        MetaGraphError::File(error) => ManagementError::File(error),
        other => ManagementError::Mismatch(other.to_string()),
    }
}
