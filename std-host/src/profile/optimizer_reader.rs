//! The variables of an optimizer in an object graph, under TensorFlow 1's names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::GLOBAL_STEP;
use super::family::{Scale, Slot, slot_variable};
use super::flatten::{Flat, FlatValue};
use super::hyperparameters::beta_power;
use super::optimizer_node::{Form, OptimizerNode};
use crate::bundle;
use crate::management::ManagementError;
use crate::mapping::Mapping;
use crate::name::Name;
use crate::object_graph::{GraphVariable, ObjectGraph};
use crate::tensor::{Element, Tensor};

/// Reads the variables that belong to an optimizer.
pub(super) struct OptimizerReader<'a> {
    pub(super) graph: &'a ObjectGraph,
    pub(super) bundle: &'a bundle::Reader,
    pub(super) mapping: &'a Mapping,
    pub(super) optimizer: OptimizerNode,
    pub(super) names: HashMap<usize, String>,
    pub(super) keys: HashMap<usize, &'a GraphVariable>,
    pub(super) model: Vec<&'a GraphVariable>,
}

impl OptimizerReader<'_> {
    /// Slots, scalars and the counter of steps.
    pub(super) fn read(&self, notes: &mut Vec<String>) -> Result<Vec<Flat>, ManagementError> {
        let mut flats = self.slots(notes)?;
        let OptimizerNode { node, form, family } = &self.optimizer;
        match form {
            Form::V1 => {
                for scalar in family.scalars {
                    let key = self
                        .graph
                        .child(*node, scalar)
                        .and_then(|node| self.key(node));
                    flats.extend(key.map(|key| flat(scalar, FlatValue::Key(key))));
                }
            }
            Form::Legacy | Form::Lists => {
                let counter = if *form == Form::Legacy {
                    "iter"
                } else {
                    "_iterations"
                };
                let counter = self
                    .graph
                    .child(*node, counter)
                    .and_then(|node| self.key(node));
                let steps = match &counter {
                    Some(key) => self.scalar::<i64>(key)?,
                    None => 0,
                };
                for (scalar, beta) in family.scalars.iter().zip(["beta_1", "beta_2"]) {
                    let power = Tensor::scalar(beta_power(self.beta(beta)?, steps));
                    flats.push(flat(scalar, FlatValue::Constant(power)));
                }
                flats.extend(counter.map(|key| flat(GLOBAL_STEP, FlatValue::Key(key))));
            }
        }
        Ok(flats)
    }

    /// Slots of all variables, as TensorFlow 1 calls them.
    fn slots(&self, notes: &mut Vec<String>) -> Result<Vec<Flat>, ManagementError> {
        let family = self.optimizer.family;
        let mut found: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        match self.optimizer.form {
            Form::V1 | Form::Legacy => {
                let legacy = self.optimizer.form == Form::Legacy;
                let name_of = |slot: &Slot| if legacy { slot.legacy } else { slot.name };
                for (variable, name, value) in self.graph.slots(self.optimizer.node) {
                    let number = family.slots.iter().position(|slot| name_of(slot) == name);
                    if let Some(number) = number {
                        found.insert((variable, number), value);
                    }
                }
            }
            Form::Lists => {
                let trained = self.trained()?;
                for (number, slot) in family.slots.iter().enumerate() {
                    let Some(list) = self.graph.child(self.optimizer.node, slot.list) else {
                        continue;
                    };
                    for (place, value) in self.graph.children(list) {
                        let place: Option<usize> = place.parse().ok();
                        if let Some(&variable) = place.and_then(|place| trained.get(place)) {
                            found.insert((variable, number), value);
                        }
                    }
                }
            }
        }
        let trained: BTreeSet<usize> = found.keys().map(|(variable, _)| *variable).collect();
        let mut flats = Vec::new();
        for variable in trained {
            let Some(name) = self.names.get(&variable) else {
                continue;
            };
            for (number, slot) in family.slots.iter().enumerate() {
                let value = match found
                    .get(&(variable, number))
                    .and_then(|node| self.key(*node))
                {
                    Some(key) => self.slot_value(slot, key, notes)?,
                    None => self.zeros(variable)?,
                };
                let name = format!("{name}/{}", slot_variable(family.name, number));
                flats.push(flat(&name, value));
            }
        }
        Ok(flats)
    }

    fn slot_value(
        &self,
        slot: &Slot,
        key: Name,
        notes: &mut Vec<String>,
    ) -> Result<FlatValue, ManagementError> {
        if slot.scale == Scale::Same || self.optimizer.form == Form::V1 {
            return Ok(FlatValue::Key(key));
        }
        let rate = self.learning_rate()?;
        if rate == 0.0 {
            notes.push(format!(
                "\"{key}\" was left at zero: the learning rate in the checkpoint is 0, by which \
                 Keras's momentum would have to be divided"
            ));
            let like = self.bundle.read(&key)?;
            return Ok(FlatValue::Constant(Tensor::zeros(
                like.dtype(),
                like.shape(),
            )?));
        }
        Ok(FlatValue::Divided { key, by: -rate })
    }

    /// The value of a slot that the checkpoint does not have, as its optimizer does without it.
    fn zeros(&self, variable: usize) -> Result<FlatValue, ManagementError> {
        let key = self.key(variable).unwrap_or_default();
        // Read, so that no more is made than is there.
        let like = self.bundle.read(&key)?;
        Ok(FlatValue::Constant(Tensor::zeros(
            like.dtype(),
            like.shape(),
        )?))
    }

    /// The trained variables in the optimizer's order.
    fn trained(&self) -> Result<Vec<usize>, ManagementError> {
        let node = self.optimizer.node;
        if let Some(list) = self.graph.child(node, "_trainable_variables") {
            return Ok(self
                .graph
                .children(list)
                .map(|(_, variable)| variable)
                .collect());
        }
        let slot = self.optimizer.family.slots.iter().find_map(|slot| {
            self.graph
                .child(node, slot.list)
                .filter(|list| self.graph.children(*list).count() > 0)
        });
        let Some(list) = slot else {
            return Ok(Vec::new());
        };
        let by_name: HashMap<&str, usize> = self
            .model
            .iter()
            .map(|v| (v.full_name.as_str(), v.node))
            .collect();
        let of_slot = |(_, value): (&str, usize)| {
            // `Adam/m/dense/kernel` is a slot of `dense/kernel`.
            let mut name = self.keys.get(&value)?.full_name.as_str();
            loop {
                if let Some(variable) = by_name.get(name) {
                    return Some(*variable);
                }
                name = name.split_once('/')?.1;
            }
        };
        let named: Option<Vec<usize>> = self.graph.children(list).map(of_slot).collect();
        named.ok_or_else(|| {
            ManagementError::Mismatch(
                "the optimizer's lists do not tell which variables they belong to: neither \
                 _trainable_variables nor telling names are in the checkpoint"
                    .to_owned(),
            )
        })
    }

    fn beta(&self, name: &str) -> Result<f32, ManagementError> {
        if let Some(given) = self.mapping.hyperparameters.get(name) {
            return Ok(*given);
        }
        if let Some(key) = self
            .graph
            .child(self.optimizer.node, name)
            .and_then(|n| self.key(n))
        {
            return self.scalar(&key);
        }
        let values = self
            .optimizer
            .family
            .keras
            .as_ref()
            .map_or(&[][..], |keras| keras.values);
        Ok(values
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(0.0, |(_, value)| *value))
    }

    fn learning_rate(&self) -> Result<f32, ManagementError> {
        let stored = ["_learning_rate", "learning_rate"]
            .into_iter()
            .find_map(|name| {
                let node = self.graph.child(self.optimizer.node, name)?;
                self.key(node)
            });
        match stored {
            Some(key) => self.scalar(&key),
            None => Ok(self
                .mapping
                .hyperparameters
                .get("learning_rate")
                .copied()
                .unwrap_or(0.0)),
        }
    }

    fn key(&self, node: usize) -> Option<Name> {
        self.keys.get(&node).map(|variable| variable.key.clone())
    }

    fn scalar<T: Element>(&self, key: &Name) -> Result<T, ManagementError> {
        let tensor = self.bundle.read_as(key, T::DTYPE)?;
        let first = tensor
            .values::<T>()
            .and_then(|values| values.first().copied());
        first.ok_or_else(|| {
            ManagementError::Mismatch(format!("\"{key}\" should be a single number, but is empty"))
        })
    }
}

fn flat(name: &str, value: FlatValue) -> Flat {
    Flat {
        name: Name::from(name),
        value,
    }
}
