//! What the variables of a program are, told by TensorFlow 1's names for them.

use std::collections::{BTreeMap, HashMap};

use super::family::{Family, slot_suffix};
use crate::variables::Variable;

/// Name of the step counter.
pub(crate) const GLOBAL_STEP: &str = "global_step";

/// With what the name of a moving average ends.
const AVERAGE: &str = "ExponentialMovingAverage";

/// The parts that variables play.
///
/// `head/kernel` is a variable of the model if nothing says otherwise; `head/kernel/Adam` is a
/// slot of it, `beta1_power` belongs to the optimizer, `global_step` counts steps. Variables are
/// given by their number in the list.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    /// Variables of the model, in order.
    pub model: Vec<usize>,
    /// The optimizer; `None` if none has left a trace.
    pub optimizer: Option<&'static Family>,
    /// For a variable of the model, the optimizer's slots of it in order.
    pub slots: BTreeMap<usize, Vec<usize>>,
    /// The optimizer's own variables, by name.
    pub scalars: BTreeMap<&'static str, usize>,
    /// The step counter.
    pub global_step: Option<usize>,
    /// Moving averages of variables of the model.
    pub averages: BTreeMap<usize, usize>,
    /// For a slot variable, whose slot it is.
    slot_of: HashMap<usize, usize>,
    /// For each variable the first one with its name: parts of one variable share a name.
    first: Vec<usize>,
}

/// Numbers of slot variables by optimizer, variable and slot.
type Slots<'n> = BTreeMap<&'n str, BTreeMap<usize, BTreeMap<usize, usize>>>;

impl Roles {
    /// Tells the parts by the names; parts of partitioned variables go with their whole.
    pub fn of(variables: &[Variable]) -> Roles {
        let numbers: HashMap<&[u8], usize> = variables
            .iter()
            .enumerate()
            .rev()
            .map(|(number, variable)| (variable.name.as_bytes(), number))
            .collect();
        let first = variables
            .iter()
            .filter_map(|variable| numbers.get(variable.name.as_bytes()).copied())
            .collect();
        let mut roles = Roles {
            first,
            ..Roles::default()
        };
        let mut slots = Slots::new();
        let mut rest = Vec::new();
        for (number, variable) in variables.iter().enumerate() {
            let Some(name) = variable.name.as_str() else {
                rest.push(number);
                continue;
            };
            let split = name.rsplit_once('/');
            let of = split.and_then(|(of, part)| Some((*numbers.get(of.as_bytes())?, part)));
            match of {
                Some((of, AVERAGE)) => {
                    roles.averages.insert(of, number);
                }
                Some((of, part)) if is_slot(part) => {
                    let (optimizer, slot) = slot_suffix(part);
                    let places = slots.entry(optimizer).or_default().entry(of).or_default();
                    places.entry(slot).or_insert(number);
                }
                _ if name == GLOBAL_STEP => roles.global_step = Some(number),
                _ => rest.push(number),
            }
        }
        rest.extend(roles.take_optimizer(slots));
        rest.sort_unstable();
        for number in rest {
            let name = variables
                .get(number)
                .and_then(|variable| variable.name.as_str());
            let scalars = roles.optimizer.map_or(&[][..], |family| family.scalars);
            match scalars.iter().find(|scalar| Some(**scalar) == name) {
                Some(scalar) => {
                    roles.scalars.insert(scalar, number);
                }
                None => roles.model.push(number),
            }
        }
        roles
    }

    /// Whether a variable of the model is trained: it has slots, or nothing has.
    pub fn is_trained(&self, number: usize) -> bool {
        let Some(first) = self.first.get(number) else {
            return false;
        };
        match self.optimizer {
            Some(family) if !family.slots.is_empty() => self.slots.contains_key(first),
            _ => true,
        }
    }

    /// The name of the operation of a part of a partitioned variable: the parts of `w` are
    /// `w/part_0` and so on, those of its slot `w/Adam` are `w/part_0/Adam`.
    pub(crate) fn part_name(&self, variables: &[Variable], number: usize, part: usize) -> String {
        let name_of = |number: usize| {
            variables
                .get(number)
                .map_or_else(String::new, |variable| variable.name.to_string())
        };
        let name = name_of(number);
        let first = self.first.get(number).copied().unwrap_or(number);
        let of = self.slot_of.get(&first).copied();
        let split = of.and_then(|of| name.strip_prefix(&name_of(of)));
        match (of, split) {
            (Some(of), Some(slot)) => format!("{}/part_{part}{slot}", name_of(of)),
            _ => format!("{name}/part_{part}"),
        }
    }

    /// Takes the slots of the optimizer that has the most; gives back those of others.
    fn take_optimizer(&mut self, mut slots: Slots<'_>) -> Vec<usize> {
        let most = slots
            .iter()
            .max_by_key(|(_, of)| of.len())
            .map(|(name, _)| *name);
        if let Some((name, of)) = most.and_then(|name| slots.remove_entry(name)) {
            let count = of.values().map(BTreeMap::len).max().unwrap_or(0);
            self.optimizer = Family::named(name, count);
            let complete = |slots: BTreeMap<usize, usize>| {
                let in_order = slots.keys().copied().eq(0..count);
                in_order.then(|| slots.into_values().collect())
            };
            let of = of.into_iter();
            self.slots = of
                .filter_map(|(of, slots)| Some((of, complete(slots)?)))
                .collect();
            let pairs = self
                .slots
                .iter()
                .flat_map(|(of, slots)| slots.iter().map(|slot| (*slot, *of)));
            self.slot_of = pairs.collect();
        }
        slots
            .into_values()
            .flat_map(BTreeMap::into_values)
            .flat_map(BTreeMap::into_values)
            .collect()
    }
}

fn is_slot(part: &str) -> bool {
    let (name, number) = slot_suffix(part);
    Family::all()
        .iter()
        .any(|family| family.name == name && number < family.slots.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;

    fn roles(names: &[&str]) -> Roles {
        let variable = |name: &&str| Variable::new(*name, DType::Float32, &[]);
        let variables: Vec<Variable> = names.iter().map(variable).collect();
        Roles::of(&variables)
    }

    #[test]
    fn a_head_with_adam_is_told_apart() {
        let roles = roles(&[
            "head/kernel",
            "head/bias",
            "head/kernel/Adam",
            "head/kernel/Adam_1",
            "head/bias/Adam",
            "head/bias/Adam_1",
            "beta1_power",
            "beta2_power",
            "global_step",
            "head/kernel/ExponentialMovingAverage",
        ]);
        assert_eq!(roles.model, [0, 1]);
        assert_eq!(roles.optimizer.map(|family| family.name), Some("Adam"));
        assert_eq!(
            roles.slots,
            BTreeMap::from([(0, vec![2, 3]), (1, vec![4, 5])])
        );
        assert_eq!(
            roles.scalars,
            BTreeMap::from([("beta1_power", 6), ("beta2_power", 7)])
        );
        assert_eq!(
            (roles.global_step, roles.averages.get(&0)),
            (Some(8), Some(&9))
        );
    }

    #[test]
    fn the_number_of_slots_tells_optimizers_of_one_name_apart() {
        let plain = roles(&["w", "w/RMSProp", "w/RMSProp_1"]);
        let centered = roles(&["w", "w/RMSProp", "w/RMSProp_1", "w/RMSProp_2"]);
        let names = |roles: &Roles| -> Vec<&str> {
            roles
                .optimizer
                .into_iter()
                .flat_map(|f| f.slots)
                .map(|slot| slot.name)
                .collect()
        };
        assert_eq!(names(&plain), ["rms", "momentum"]);
        assert_eq!(names(&centered), ["rms", "mg", "momentum"]);
    }

    #[test]
    fn without_an_optimizer_everything_is_the_model() {
        let roles = roles(&["w", "b", "beta1_power", "Adam", "w/dense"]);
        assert_eq!(roles.model, [0, 1, 2, 3, 4]);
        assert!(roles.optimizer.is_none() && roles.is_trained(0));
    }
}
