//! Writing object-based checkpoints.

use std::collections::BTreeMap;
use std::path::Path;

use prost::Message as _;

use crate::bundle;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::mapping::Mapping;
use crate::name::Name;
use crate::object_graph::OBJECT_GRAPH_KEY;
use crate::profile::{Arrangement, Leaf, arrange, scaled};
use crate::staged::Durability;
use crate::state::{PathForm, StateUpdate, paths, update_checkpoint_state};
use crate::tensor::{Tensor, TensorView};
use crate::variables::Saveable;

/// Name of the counter of saves, an attribute of the root.
pub(super) const SAVE_COUNTER: &str = "save_counter";

/// Saves variables as objects and restores them by their objects (`tf.train.Checkpoint`).
///
/// [`Checkpoint::write`] and [`Checkpoint::read`] go together, [`Checkpoint::save`] and
/// [`Checkpoint::restore`] do: the latter two keep a counter of saves in the checkpoint.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub(super) mapping: Mapping,
    pub(super) save_counter: Option<i64>,
    durability: Durability,
}

/// What was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The prefix of the checkpoint.
    pub prefix: String,
    /// What the user should know: values that were assumed.
    pub notes: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint of variables that are arranged as `mapping` says.
    pub fn new(mapping: Mapping) -> Checkpoint {
        Checkpoint {
            mapping,
            save_counter: None,
            durability: Durability::Synced,
        }
    }

    /// Whether files are forced to the disk; they are by default.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Checkpoint {
        self.durability = durability;
        self
    }

    /// The same with its counter of saves at `number`, as if so many saves had been made.
    #[must_use]
    pub fn counting_from(mut self, number: i64) -> Checkpoint {
        self.save_counter = Some(number);
        self
    }

    /// How variables are arranged.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// How often was saved, this program's saves and those of the checkpoint that was restored
    /// taken together (`save_counter`).
    pub fn save_counter(&self) -> i64 {
        self.save_counter.unwrap_or(0)
    }

    /// Saves as `prefix-N`, with N the number of this save, and makes it the newest checkpoint of
    /// its directory (`save`).
    ///
    /// # Errors
    /// The variables cannot be arranged, a value cannot be read, or a file cannot be written.
    pub fn save(
        &mut self,
        variables: &impl Saveable,
        prefix: impl AsRef<Path>,
    ) -> Result<Saved, ManagementError> {
        let prefix = paths::as_text(prefix.as_ref())?;
        let number = self.count();
        let saved = self.write(variables, format!("{prefix}-{number}"))?;
        update_checkpoint_state(&StateUpdate {
            directory: paths::dirname(prefix),
            model_checkpoint_path: &saved.prefix,
            all_model_checkpoint_paths: vec![saved.prefix.clone()],
            path_form: PathForm::Relative,
            durability: self.durability,
            ..StateUpdate::default()
        })?;
        Ok(saved)
    }

    /// Counts one more save, as a manager does before it writes.
    pub(crate) fn count(&mut self) -> i64 {
        let number = self.save_counter().saturating_add(1);
        self.save_counter = Some(number);
        number
    }

    /// Writes exactly `prefix`, without a state file (`write`).
    ///
    /// # Errors
    /// As [`Checkpoint::save`].
    pub fn write(
        &self,
        variables: &impl Saveable,
        prefix: impl AsRef<Path>,
    ) -> Result<Saved, ManagementError> {
        let prefix = paths::as_text(prefix.as_ref())?.to_owned();
        let mut arrangement = arrange(&self.mapping, &variables.variables()?, Some(variables))?;
        if let Some(number) = self.save_counter {
            let root = arrangement.objects.root();
            let counter = arrangement.objects.child(root, SAVE_COUNTER);
            arrangement
                .leaves
                .push(Leaf::Constant(Tensor::scalar(number)));
            let leaf = arrangement.leaves.len() - 1;
            arrangement
                .objects
                .set_variable(counter, SAVE_COUNTER, leaf);
        }
        self.write_arrangement(variables, &arrangement, &prefix)?;
        Ok(Saved {
            prefix,
            notes: arrangement.notes,
        })
    }

    fn write_arrangement(
        &self,
        variables: &impl Saveable,
        arrangement: &Arrangement,
        prefix: &str,
    ) -> Result<()> {
        let encoded = arrangement.objects.encode();
        let graph = Tensor::scalar_string(encoded.graph.encode_to_vec());
        let by_key: BTreeMap<&str, usize> = encoded
            .keys
            .iter()
            .map(|(leaf, key)| (key.as_str(), *leaf))
            .collect();
        let options = bundle::Options {
            durability: self.durability,
            ..bundle::Options::default()
        };
        let mut writer = bundle::Writer::with_options(prefix, options)?;
        writer.add(OBJECT_GRAPH_KEY, graph.view())?;
        for (key, leaf) in by_key {
            match arrangement.leaves.get(leaf) {
                None => {}
                Some(Leaf::Constant(value)) => writer.add(key, value.view())?,
                Some(Leaf::Variable(number)) => {
                    variables.look(*number, &mut |value| writer.add(key, value))?;
                }
                Some(Leaf::Scaled { variable, factor }) => {
                    variables.look(*variable, &mut |value| {
                        let scaled = scale(key, value, *factor)?;
                        writer.add(key, scaled.view())
                    })?;
                }
            }
        }
        writer.finish()
    }
}

/// A value of float32 times a factor.
fn scale(key: &str, value: TensorView<'_>, factor: f32) -> Result<Tensor> {
    let misfit = || Error::WrongDType {
        name: Name::from(key),
        expected: DType::Float32,
        found: value.dtype,
    };
    let crate::tensor::Elements::Bytes(bytes) = value.elements else {
        return Err(misfit());
    };
    let tensor = Tensor::new(value.dtype, value.shape, bytes.to_vec())?;
    scaled(&tensor, |value| value * factor).ok_or_else(misfit)
}
