//! A head on the host: the core's own code, with its state as the tests compare it.
use crate::hex;
use gradlet::checkpoint::{self, Checkpoint};
use gradlet::optimizer::Optimizer;
use gradlet::{Head, Mlp, Variables};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const FEATURES: usize = 6;
pub(crate) const CLASSES: usize = 4;

/// Every value of a checkpoint by its name, as hexadecimal bytes.
pub(crate) type State = BTreeMap<String, String>;

/// A model that trains on samples of its own.
pub(crate) trait Model: Variables {
    /// One step on one sample.
    fn step(&mut self, features: &[f32; FEATURES], label: usize);
}

impl<O: Optimizer> Model for Head<FEATURES, CLASSES, O> {
    fn step(&mut self, features: &[f32; FEATURES], label: usize) {
        self.minimize(features, label).expect("a class");
    }
}

impl<const HIDDEN: usize, O: Optimizer> Model for Mlp<FEATURES, HIDDEN, CLASSES, O> {
    fn step(&mut self, features: &[f32; FEATURES], label: usize) {
        self.minimize(features, label).expect("a class");
    }
}

/// Gives a model the values that the device checkpoint `path` holds, all of them.
pub(crate) fn restore<M: Variables>(mut model: M, path: &Path) -> M {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let stored = Checkpoint::parse(&bytes).unwrap_or_else(|error| panic!("{error:?}"));
    let status = checkpoint::restore(&mut model, &stored);
    let status = status.unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
    let consumed = status.assert_consumed();
    assert!(consumed.is_ok(), "{}: {consumed:?}", path.display());
    model
}

/// Steps of the model's own training.
pub(crate) fn train(model: &mut impl Model, steps: usize) {
    for step in 0..steps {
        let feature = |place: usize| ((place * 7 + step * 3) % 11) as f32 / 11.0 - 0.5;
        let features: [f32; FEATURES] = std::array::from_fn(feature);
        model.step(&features, step % CLASSES);
    }
}

/// Writes the head's device checkpoint.
pub(crate) fn save(head: &impl Variables, path: &Path) {
    let mut bytes = [0; 8192];
    let len = checkpoint::write(head, &mut bytes[..]).expect("a head fits");
    std::fs::write(path, &bytes[..len as usize]).expect("the folder is writable");
}

/// The head's variables by name.
pub(crate) fn state(head: &impl Variables) -> State {
    let variables = (0..head.count()).filter_map(|index| head.variable(index));
    let value = |variable: gradlet::variable::Variable<'_>| {
        let mut bytes = vec![0; variable.view.byte_len()];
        variable.view.copy_le(0, &mut bytes);
        (variable.name.to_string(), hex(&bytes))
    };
    variables.map(value).collect()
}
