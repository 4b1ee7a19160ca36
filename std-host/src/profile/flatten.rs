//! Object-based checkpoints as flat lists of variables with TensorFlow 1's names.
//!
//! Everything is found by the object graph, not by the names of tensors: those follow the shortest
//! path to an object, which with Keras 3 leads through the optimizer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::optimizer_node::OptimizerNode;
use super::optimizer_reader::OptimizerReader;
use crate::bundle::{self, Layout};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::mapping::{Mapping, parts};
use crate::name::Name;
use crate::object_graph::{GraphVariable, ObjectGraph};
use crate::tensor::{Tensor, TensorView};
use crate::variables::{Saveable, Variable};

/// A variable with a flat name.
#[derive(Clone, Debug, PartialEq)]
pub struct Flat {
    /// Its name: `head/kernel`, `head/kernel/Adam`, `global_step`.
    pub name: Name,
    /// Where its value comes from.
    pub value: FlatValue,
}

/// Where the value of a flat variable comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum FlatValue {
    /// The tensor with this name.
    Key(Name),
    /// The tensor with this name, divided by a number.
    Divided {
        /// The tensor.
        key: Name,
        /// The number.
        by: f32,
    },
    /// No tensor.
    Constant(Tensor),
}

/// An object-based checkpoint as flat variables, read one by one.
#[derive(Debug)]
pub struct FlatVariables {
    bundle: bundle::Reader,
    list: Vec<(Flat, Variable)>,
    /// Places in the list.
    by_name: HashMap<Name, usize>,
    notes: Vec<String>,
}

impl FlatVariables {
    /// Opens an object-based checkpoint.
    ///
    /// # Errors
    /// The bundle has no object graph, or it is damaged; its optimizer is not known.
    pub fn new(
        bundle: bundle::Reader,
        mapping: &Mapping,
    ) -> Result<FlatVariables, ManagementError> {
        let prefix = || bundle.prefix().display().to_string();
        let graph = ObjectGraph::read(&bundle)?.ok_or_else(|| {
            let prefix = prefix();
            ManagementError::Mismatch(format!(
                "{prefix} is a name-based checkpoint: its variables have flat names already"
            ))
        })?;
        let mut notes = Vec::new();
        let mut list = Vec::new();
        for flat in flatten(&graph, &bundle, mapping, &mut notes)? {
            let variable = match &flat.value {
                FlatValue::Key(key) | FlatValue::Divided { key, .. } => {
                    let entry = bundle.entry(key)?;
                    Variable::new(flat.name.clone(), entry.dtype, &entry.shape)
                }
                FlatValue::Constant(value) => {
                    Variable::new(flat.name.clone(), value.dtype(), value.shape())
                }
            };
            list.push((flat, variable));
        }
        let names = list.iter().map(|(flat, _)| flat.name.clone());
        let by_name = names.zip(0..).collect();
        Ok(FlatVariables {
            bundle,
            list,
            by_name,
            notes,
        })
    }

    /// The variables and where their values come from.
    pub fn flats(&self) -> impl ExactSizeIterator<Item = &Flat> {
        self.list.iter().map(|(flat, _)| flat)
    }

    /// What the user should know: what was left out or assumed.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The prefix of the checkpoint.
    pub fn prefix(&self) -> &Path {
        self.bundle.prefix()
    }

    /// The checkpoint itself, with the tensors as it names them.
    pub fn bundle(&self) -> &bundle::Reader {
        &self.bundle
    }

    /// Reads and checks the variable with this flat name; `None` if there is none.
    ///
    /// # Errors
    /// Its tensor is damaged.
    pub fn read(&self, name: &Name) -> Result<Option<Tensor>> {
        let place = self.by_name.get(name);
        let found = place.and_then(|&place| self.list.get(place));
        found.map(|(flat, _)| self.value(flat)).transpose()
    }

    /// The value of variable `number`.
    fn value(&self, flat: &Flat) -> Result<Tensor> {
        match &flat.value {
            FlatValue::Key(key) => self.bundle.read(key),
            FlatValue::Constant(value) => Ok(value.clone()),
            FlatValue::Divided { key, by } => {
                let tensor = self.bundle.read(key)?;
                scaled(&tensor, |value| value / by).ok_or_else(|| Error::WrongDType {
                    name: key.clone(),
                    expected: DType::Float32,
                    found: tensor.dtype(),
                })
            }
        }
    }
}

/// A tensor of float32 with every element changed; `None` for other types.
pub(crate) fn scaled(tensor: &Tensor, scale: impl Fn(f32) -> f32) -> Option<Tensor> {
    let values: Vec<f32> = tensor.values::<f32>()?.into_iter().map(scale).collect();
    Tensor::from_values(tensor.shape(), &values).ok()
}

impl Saveable for FlatVariables {
    fn variables(&self) -> Result<Vec<Variable>> {
        Ok(self
            .list
            .iter()
            .map(|(_, variable)| variable.clone())
            .collect())
    }

    fn look(
        &self,
        number: usize,
        look: &mut dyn FnMut(TensorView<'_>) -> Result<()>,
    ) -> Result<()> {
        let Some((flat, _)) = self.list.get(number) else {
            return Ok(());
        };
        look(self.value(flat)?.view())
    }
}

/// The variables of an object graph under flat names, in the order of its objects.
///
/// A variable is called as it was in the program (`full_name`) where that is known and unique, else
/// by its path; `mapping.paths` and `mapping.assign` rename. Slots are called as TensorFlow 1 calls
/// them, whichever optimizer kept them, the counter of steps is `global_step`, and the powers of
/// Adam's betas, which Keras does not keep, are computed. `notes` says what was left out. Metrics
/// of a compiled model are not among them.
///
/// # Errors
/// The graph has an optimizer that is not known, its slots cannot be told apart, or a tensor of the
/// optimizer cannot be read.
pub fn flatten(
    graph: &ObjectGraph,
    bundle: &bundle::Reader,
    mapping: &Mapping,
    notes: &mut Vec<String>,
) -> Result<Vec<Flat>, ManagementError> {
    let variables = graph.variables();
    let optimizer = OptimizerNode::find(graph, notes)?;
    let owned = optimizer
        .as_ref()
        .map(|found| found.owned(graph))
        .unwrap_or_default();
    let counter = graph.child(0, "save_counter");
    let model: Vec<&GraphVariable> = variables
        .iter()
        .filter(|v| v.slot.is_none() && !owned.contains(&v.node) && Some(v.node) != counter)
        .filter(|v| !v.path.starts_with(METRICS))
        .collect();
    let model = without_copies(model, bundle)?;
    let names = model_names(&model, mapping)?;
    let mut flats: Vec<Flat> = model
        .iter()
        .filter_map(|variable| {
            let name = names.get(&variable.node)?;
            Some(Flat {
                name: Name::from(name.as_str()),
                value: FlatValue::Key(variable.key.clone()),
            })
        })
        .collect();
    if let Some(optimizer) = optimizer {
        let keys = variables.iter().map(|v| (v.node, v)).collect();
        let reader = OptimizerReader {
            graph,
            bundle,
            mapping,
            optimizer,
            names,
            keys,
            model,
        };
        flats.extend(reader.read(notes)?);
    }
    check_unique(&flats)?;
    Ok(flats)
}

/// Where the SavedModels of `tf_keras` have the state of their metrics, which is not the model's.
const METRICS: &str = "keras_api/metrics/";

/// Where Keras 3's exported models (`model.export`) have copies of all their variables.
const EXPORTED_COPIES: &str = "_all_variables/";

/// The variables without those that an exported model has twice.
fn without_copies<'g>(
    model: Vec<&'g GraphVariable>,
    bundle: &bundle::Reader,
) -> Result<Vec<&'g GraphVariable>> {
    let is_copy = |variable: &GraphVariable| variable.path.starts_with(EXPORTED_COPIES);
    let fingerprint = |variable: &GraphVariable| -> Result<_> {
        let entry = bundle.entry(&variable.key)?;
        let checksum = match entry.layout {
            Layout::Whole(location) => Some(location.crc32c),
            Layout::Sliced(_) => None,
        };
        Ok((entry.dtype, entry.shape, checksum))
    };
    let originals = model.iter().copied().filter(|variable| !is_copy(variable));
    let originals: HashMap<&str, &GraphVariable> = originals
        .map(|variable| (variable.full_name.as_str(), variable))
        .collect();
    let mut kept = Vec::new();
    for variable in model {
        let twin = originals.get(variable.full_name.as_str());
        let copied = match twin.filter(|_| is_copy(variable)) {
            Some(twin) => fingerprint(twin)? == fingerprint(variable)?,
            None => false,
        };
        if !copied {
            kept.push(variable);
        }
    }
    Ok(kept)
}

/// Flat names of the model's variables.
fn model_names(model: &[&GraphVariable], mapping: &Mapping) -> Result<HashMap<usize, String>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for variable in model {
        *counts.entry(&variable.full_name).or_default() += 1;
    }
    let prefix: Vec<&str> = mapping.model_path().collect();
    let by_path: BTreeMap<String, &str> = mapping
        .paths
        .iter()
        .map(|(name, path)| (parts(path).collect::<Vec<_>>().join("/"), name.as_str()))
        .collect();
    let name_of = |variable: &&GraphVariable| {
        let full = variable.full_name.as_str();
        let telling = !full.is_empty() && !is_generic(full) && counts.get(full) == Some(&1);
        let name = match by_path.get(&variable.path) {
            Some(name) => (*name).to_owned(),
            None if telling => full.to_owned(),
            None => {
                let path: Vec<&str> = variable.path.split('/').collect();
                path.strip_prefix(prefix.as_slice())
                    .unwrap_or(&path)
                    .join("/")
            }
        };
        (variable.node, name)
    };
    let names: Vec<(usize, String)> = model.iter().map(name_of).collect();
    mapping.check_assignments(names.iter().map(|(_, name)| name.as_str()))?;
    let assigned = names
        .into_iter()
        .map(|(node, name)| (node, mapping.assigned(&name)));
    Ok(assigned.collect())
}

/// Names that TensorFlow gives to variables without one.
fn is_generic(name: &str) -> bool {
    let number = name
        .strip_prefix("Variable")
        .map(|rest| rest.strip_prefix('_').unwrap_or(rest));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn check_unique(flats: &[Flat]) -> Result<(), ManagementError> {
    let mut seen = BTreeSet::new();
    match flats.iter().find(|flat| !seen.insert(&flat.name)) {
        Some(twice) => Err(ManagementError::Mismatch(format!(
            "two variables would be called \"{}\"; tell them apart under [paths] or [assign] of the \
             mapping file",
            twice.name
        ))),
        None => Ok(()),
    }
}
