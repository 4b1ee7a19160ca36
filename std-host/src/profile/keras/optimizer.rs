//! The objects of a Keras optimizer.

use super::super::Profile;
use super::super::arrangement::{Arrangement, Derived, Leaf, Plan};
use super::super::family::{Family, Keras, Scale, Slot};
use super::super::hyperparameters::Hyperparameters;
use super::Weight;
use crate::management::ManagementError;
use crate::object_graph::{self, ObjectId};
use crate::tensor::{Elements, Tensor};

/// Makes the objects of an optimizer.
pub(super) struct OptimizerBuilder<'b, 'a> {
    pub(super) plan: &'b Plan<'a>,
    pub(super) family: &'static Family,
    pub(super) keras: &'static Keras,
    pub(super) values: Hyperparameters<'b>,
    pub(super) object: ObjectId,
    pub(super) trained: Vec<&'b Weight>,
    pub(super) made: &'b mut Arrangement,
}

impl OptimizerBuilder<'_, '_> {
    /// Lists of variables, as in Keras 3 and in newer `tf_keras`.
    pub(super) fn lists(&mut self) -> Result<(), ManagementError> {
        let keras3 = self.plan.mapping.profile() == Profile::Keras3;
        let optimizer = self.object;
        let objects = &mut self.made.objects;
        let all = objects.child(optimizer, "_variables");
        if keras3 {
            let trained = objects.child(optimizer, "_trainable_variables");
            for (place, weight) in self.trained.iter().enumerate() {
                objects.link(trained, &place.to_string(), weight.object);
            }
        }
        let iterations = objects.child(optimizer, "_iterations");
        let learning_rate = objects.child(optimizer, "_learning_rate");
        let (steps_name, rate_name) = match keras3 {
            true => {
                let name = self.keras.keras3;
                (format!("{name}/iteration"), format!("{name}/learning_rate"))
            }
            false => ("iteration".to_owned(), "learning_rate".to_owned()),
        };
        let steps = self.steps(iterations, &steps_name);
        self.powers(steps);
        let rate = self.rate();
        self.made.set(
            learning_rate,
            &rate_name,
            Leaf::Constant(Tensor::scalar(rate)),
        );
        let mut members = vec![iterations];
        if keras3 {
            members.push(learning_rate);
        }
        members.extend(match self.has_idle_momentums() {
            true => self.idle_momentums()?,
            false => self.list_slots(rate)?,
        });
        for (place, member) in members.into_iter().enumerate() {
            self.made.objects.link(all, &place.to_string(), member);
        }
        Ok(())
    }

    /// `tf_keras`'s SGD keeps momentums also where it has no momentum: the last steps.
    fn has_idle_momentums(&self) -> bool {
        self.plan.mapping.profile() == Profile::TfKeras
            && *self.family == *Family::gradient_descent()
    }

    fn idle_momentums(&mut self) -> Result<Vec<ObjectId>, ManagementError> {
        let list = self.made.objects.child(self.object, "momentums");
        let mut members = Vec::new();
        for (place, weight) in self.trained.iter().enumerate() {
            let Some(variable) = self.plan.variables.get(weight.number) else {
                continue;
            };
            let zeros = Tensor::zeros(variable.dtype, &variable.shape)?;
            let member = self.made.objects.child(list, &place.to_string());
            let full_name = format!("SGD/m/{}", self.plan.name(weight.number));
            self.made.set(member, &full_name, Leaf::Constant(zeros));
            members.push(member);
        }
        Ok(members)
    }

    /// The lists of the slots; their members in the order of the list of all variables.
    fn list_slots(&mut self, rate: f32) -> Result<Vec<ObjectId>, ManagementError> {
        let order = self.kept_slots()?;
        let lists: Vec<ObjectId> = order
            .iter()
            .map(|(_, slot)| self.made.objects.child(self.object, slot.list))
            .collect();
        let together = self.keras.together.min(order.len());
        let (first, rest) = order.split_at(together);
        let mut members = Vec::new();
        for place in 0..self.trained.len() {
            for (list, (number, slot)) in lists.iter().zip(first) {
                members.extend(self.list_member(*list, place, *number, slot, rate));
            }
        }
        for (list, (number, slot)) in lists.iter().skip(together).zip(rest) {
            for place in 0..self.trained.len() {
                members.extend(self.list_member(*list, place, *number, slot, rate));
            }
        }
        Ok(members)
    }

    fn list_member(
        &mut self,
        list: ObjectId,
        place: usize,
        slot_number: usize,
        slot: &Slot,
        rate: f32,
    ) -> Option<ObjectId> {
        let weight = self.trained.get(place)?;
        let variable = *self
            .plan
            .roles
            .slots
            .get(&weight.number)?
            .get(slot_number)?;
        let name = self.plan.name(weight.number);
        let full_name = match self.plan.mapping.profile() {
            Profile::Keras3 => {
                let of = name.replace('/', "_");
                format!("{}/{of}_{}", self.keras.keras3, slot.keras3)
            }
            _ => format!("{}/{}/{name}", self.keras.tf_keras, slot.tf_keras),
        };
        let member = self.made.objects.child(list, &place.to_string());
        self.set_slot(member, &full_name, variable, slot, rate);
        Some(member)
    }

    /// Slots and values by name, as in legacy `tf_keras`.
    pub(super) fn legacy(&mut self) -> Result<(), ManagementError> {
        let prefix = self.keras.tf_keras;
        let optimizer = self.object;
        let iterations = self.made.objects.child(optimizer, "iter");
        let steps = self.steps(iterations, &format!("{prefix}/iter"));
        self.powers(steps);
        let rate = self.rate();
        for (name, _) in self.keras.values {
            let value = match *name {
                "learning_rate" => rate,
                // Zero unless a decay was asked for, in every optimizer.
                "decay" => self.values.given(name).unwrap_or(0.0),
                name => self.values.value(name, &mut self.made.notes),
            };
            let object = self.made.objects.child(optimizer, name);
            let value = Leaf::Constant(Tensor::scalar(value));
            self.made.set(object, &format!("{prefix}/{name}"), value);
        }
        for (number, slot) in self.kept_slots()? {
            for place in 0..self.trained.len() {
                let Some(weight) = self.trained.get(place) else {
                    continue;
                };
                let slots = self.plan.roles.slots.get(&weight.number);
                let Some(&variable) = slots.and_then(|slots| slots.get(number)) else {
                    continue;
                };
                let name = self.plan.name(weight.number);
                let full_name = format!("{prefix}/{name}/{}", slot.legacy);
                let of = weight.object;
                let value = self.made.objects.add();
                self.set_slot(value, &full_name, variable, slot, rate);
                let name = slot.legacy.to_owned();
                let slot = object_graph::Slot {
                    variable: of,
                    name,
                    value,
                };
                self.made.objects.add_slot(optimizer, slot);
            }
        }
        Ok(())
    }

    fn set_slot(
        &mut self,
        object: ObjectId,
        full_name: &str,
        variable: usize,
        slot: &Slot,
        rate: f32,
    ) {
        let leaf = match slot.scale {
            Scale::Same => Leaf::Variable(variable),
            Scale::NegativeLearningRate => Leaf::Scaled {
                variable,
                factor: -rate,
            },
        };
        let number = self.made.set(object, full_name, leaf);
        if self.is_optional(slot) {
            self.made.optional.insert(number);
        }
    }

    /// The counter of steps; the leaf.
    fn steps(&mut self, object: ObjectId, full_name: &str) -> usize {
        let leaf = match self.plan.roles.global_step {
            Some(number) => Leaf::Variable(number),
            None => {
                self.made.notes.push(
                    "no global_step was found; the optimizer's iterations were set to 0".to_owned(),
                );
                Leaf::Constant(Tensor::scalar(0_i64))
            }
        };
        self.made.set(object, full_name, leaf)
    }

    /// Powers of the betas are not stored: Keras computes them from its iterations.
    fn powers(&mut self, steps: usize) {
        let betas = ["beta_1", "beta_2"];
        for (scalar, beta) in self.family.scalars.iter().zip(betas) {
            if let Some(&variable) = self.plan.roles.scalars.get(scalar) {
                let known = self.keras.values.iter().find(|(name, _)| *name == beta);
                let default = known.map_or(0.0, |(_, value)| *value);
                let beta = self.values.given(beta).unwrap_or(default);
                self.made.derived.push(Derived {
                    variable,
                    beta,
                    steps,
                });
            }
        }
    }

    fn rate(&mut self) -> f32 {
        self.values.value("learning_rate", &mut self.made.notes)
    }

    /// Keras's RMSprop has no momentum variables unless it has a momentum; TensorFlow 1's always
    /// has them.
    fn is_optional(&self, slot: &Slot) -> bool {
        self.family.name == "RMSProp" && slot.name == "momentum"
    }

    /// The slots that Keras has, in its order, with their numbers.
    fn kept_slots(&self) -> Result<Vec<(usize, &'static Slot)>, ManagementError> {
        let mut kept = Vec::new();
        for &number in self.keras.order {
            let Some(slot) = self.family.slots.get(number) else {
                continue;
            };
            if !self.is_optional(slot) || self.has_momentum(number)? {
                kept.push((number, slot));
            }
        }
        Ok(kept)
    }

    /// Whether there is a momentum: as said, or else if any of its values is not zero.
    fn has_momentum(&self, slot: usize) -> Result<bool, ManagementError> {
        if let Some(momentum) = self.values.given("momentum") {
            return Ok(momentum != 0.0);
        }
        let Some(values) = self.plan.values else {
            return Ok(true);
        };
        let mut found = false;
        for slots in self.plan.roles.slots.values() {
            let Some(&variable) = slots.get(slot) else {
                continue;
            };
            values.look(variable, &mut |value| {
                if let Elements::Bytes(bytes) = value.elements {
                    found |= bytes.iter().any(|&byte| byte != 0);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}
