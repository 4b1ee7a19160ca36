//! What a conversion leaves in the folder of a checkpoint beside its data: the state file, a
//! MetaGraph, and no more old checkpoints than asked for.

use std::path::{Path, PathBuf};

use super::selection::Selected;
use crate::bundle::index_path;
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::meta_graph::{MetaGraph, MetaGraphError, saver_def, variables_in_collections};
use crate::staged::{Durability, folder_of};
use crate::state::{
    DEFAULT_LATEST_FILENAME, FormatVersion, PathForm, StateUpdate, get_checkpoint_state,
    meta_graph_filename, remove_checkpoint, update_checkpoint_state,
};
use crate::v1::is_v1;
use crate::variables::Variable;

/// What becomes of the checkpoints that were in the folder before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// They stay; the state file names the new one only, as `tf.train.Checkpoint.save` leaves it.
    #[default]
    Untouched,
    /// They stay, and the state file goes on naming them.
    All,
    /// So many are kept, the new one among them; older ones that the state file names are deleted,
    /// as `tf.compat.v1.train.Saver` does. At least one is kept.
    Newest(usize),
}

/// Whether there is a `.meta` file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetaGraphFile {
    /// There is none.
    #[default]
    Omitted,
    /// There is one, for `tf.compat.v1.train.import_meta_graph`.
    Written,
}

/// Ending of the MetaGraph's file.
const META: &str = "meta";

/// How many checkpoints a saver of the graph keeps, and for how many hours: TensorFlow's defaults.
const MAX_TO_KEEP: i32 = 5;
const EVERY_N_HOURS: f32 = 10_000.0;

/// Names `prefix` in the state file of its folder, and deletes what is not to be kept; the file.
pub(super) fn note(
    prefix: &Path,
    retention: Retention,
    durability: Durability,
) -> Result<PathBuf, ManagementError> {
    let folder = folder_of(prefix);
    let name = prefix.file_name().unwrap_or_default().to_string_lossy();
    let newest = folder.join(&*name).to_string_lossy().into_owned();
    let mut all = match retention {
        Retention::Untouched => Vec::new(),
        Retention::All | Retention::Newest(_) => earlier(folder, &newest)?,
    };
    all.push(newest.clone());
    let excess = match retention {
        Retention::Newest(count) => all.len().saturating_sub(count.max(1)),
        _ => 0,
    };
    let old: Vec<String> = all.drain(..excess).collect();
    update_checkpoint_state(&StateUpdate {
        directory: &folder.to_string_lossy(),
        model_checkpoint_path: &newest,
        all_model_checkpoint_paths: all,
        // Relative to the folder, so that it can be moved.
        path_form: PathForm::Relative,
        durability,
        ..Default::default()
    })?;
    for prefix in old {
        let version = match index_path(Path::new(&prefix)).exists() {
            true => FormatVersion::V2,
            false => FormatVersion::V1,
        };
        remove_checkpoint(&prefix, version, META)?;
    }
    Ok(folder.join(DEFAULT_LATEST_FILENAME))
}

/// The checkpoints that the state file of a folder names, oldest first, without `newest`.
///
/// Only those that lie in the folder and are checkpoints: what the file says may be deleted.
fn earlier(folder: &Path, newest: &str) -> Result<Vec<String>, ManagementError> {
    let Some(state) = get_checkpoint_state(folder, None)? else {
        return Ok(Vec::new());
    };
    let is_here = |prefix: &Path| prefix.parent() == Some(folder);
    let is_checkpoint = |prefix: &Path| index_path(prefix).exists() || is_v1(prefix);
    let mut all = state.all_model_checkpoint_paths;
    all.retain(|prefix| {
        let path = Path::new(prefix);
        prefix != newest && is_here(path) && is_checkpoint(path)
    });
    Ok(all)
}

/// Writes the MetaGraph of a name-based checkpoint; the file.
pub(super) fn write_meta_graph(
    prefix: &Path,
    selected: &[Selected],
    durability: Durability,
) -> Result<PathBuf> {
    let variables: Vec<Variable> = selected
        .iter()
        .map(|one| Variable::new(one.target.clone(), one.dtype, &one.shape))
        .collect();
    let variables = variables_in_collections(&variables);
    let meta = MetaGraph::build(&variables, &saver_def(MAX_TO_KEEP, EVERY_N_HOURS));
    let file = PathBuf::from(meta_graph_filename(&prefix.to_string_lossy(), META));
    meta.write(&file, durability).map_err(|error| match error {
        MetaGraphError::File(error) => error,
        other => Error::InvalidArgument(other.to_string()),
    })?;
    Ok(file)
}
