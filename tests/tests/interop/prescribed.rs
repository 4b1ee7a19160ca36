//! With the same gradients, a run that moves from TensorFlow to the device and back in mid-training
//! ends with the same bits as one that never left TensorFlow.
use crate::device_head::{self, CLASSES, FEATURES};
use crate::objects::{to_device, to_objects};
use crate::session::call;
use gradlet::optimizer::SlotStorage;
use gradlet::optimizer::{Optimizer, Parameter};
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Storage, Variable};
use gradlet::{Adam, Momentum, Variables, Zeroed};
use gradlet_host::convert::Slots;
use gradlet_host::mapping::Mapping;
use gradlet_host::profile::Profile;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const RATE: f32 = 0.125;

/// Steps of each of the three legs.
const LEG: usize = 40;

type Kernel = [[f32; CLASSES]; FEATURES];
type Bias = [f32; CLASSES];

#[derive(Deserialize)]
struct Saved {
    prefix: String,
    state: BTreeMap<String, Value>,
}

#[test]
fn adam_ends_with_the_same_bits_by_names_and_by_objects() {
    for function in ["objects.apply_names", "objects.apply_objects"] {
        legs("Adam", function, || Adam::new(RATE));
    }
}

#[test]
fn momentum_ends_with_the_same_bits_by_names_and_by_objects() {
    for function in ["objects.apply_names", "objects.apply_objects"] {
        legs("Momentum", function, || Momentum::new(RATE, 0.9));
    }
}

fn legs<O: Optimizer>(name: &str, function: &str, optimizer: impl Fn() -> O) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let gradients = gradients(3 * LEG);
    let hexes: Vec<(String, String)> = gradients
        .iter()
        .map(|(kernel, bias)| (hex_of(kernel.as_flattened()), hex_of(bias)))
        .collect();
    let leg = |source: Option<&str>, first: usize, count: usize, target: &str| -> Saved {
        let arguments = json!({
            "optimizer": name, "gradients": hexes, "first": first, "count": count,
            "source": source, "target": path(target),
        });
        call(function, arguments)
    };
    let stayed = leg(None, 0, 3 * LEG, "stayed/ckpt");

    let left = leg(None, 0, LEG, "left/ckpt");
    to_device(
        &left.prefix,
        &path("to.gck"),
        Mapping::default(),
        Slots::Keep,
    );
    let mut device = Device::restored(optimizer(), &path("to.gck"));
    for (kernel, bias) in &gradients[LEG..2 * LEG] {
        device.apply(kernel, bias);
    }
    device_head::save(&device, &path("back.gck"));
    let mapping = match function {
        "objects.apply_objects" => Mapping::new(Profile::V1),
        _ => Mapping::default(),
    };
    let back = to_objects(&path("back.gck"), &path("back/ckpt"), mapping);
    let returned = leg(Some(&back), 2 * LEG, LEG, "returned/ckpt");

    assert_eq!(returned.state, stayed.state, "{name} by {function}");
    // What the device makes of the whole run has the same bits, too.
    to_device(
        &returned.prefix,
        &path("end.gck"),
        Mapping::default(),
        Slots::Keep,
    );
    let end = Device::restored(optimizer(), &path("end.gck"));
    let mut never = Device::restored(optimizer(), &path("to.gck"));
    for (kernel, bias) in &gradients[LEG..] {
        never.apply(kernel, bias);
    }
    assert_eq!(
        device_head::state(&end),
        device_head::state(&never),
        "{name} by {function}"
    );
}

/// Gradients of every size that training meets, small ones whose squares underflow among them.
fn gradients(count: usize) -> Vec<(Kernel, Bias)> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let unit = (random >> 40) as f32 / (1 << 23) as f32 - 1.0;
        unit * 2f32.powi(((random & 31) as i32 - 26).min(1))
    };
    let mut made = Vec::new();
    for _ in 0..count {
        let mut kernel = Kernel::default();
        let mut bias = Bias::default();
        let elements = kernel.as_flattened_mut().iter_mut().chain(&mut bias);
        elements.for_each(|element| *element = next());
        made.push((kernel, bias));
    }
    made
}

fn hex_of(values: &[f32]) -> String {
    values
        .iter()
        .map(|value| crate::hex(&value.to_le_bytes()))
        .collect()
}

/// The variables of a head, which take gradients as they come.
struct Device<O: Optimizer> {
    kernel: Parameter<Kernel, O>,
    bias: Parameter<Bias, O>,
    optimizer: O,
    global_step: i64,
}

impl<O: Optimizer> Device<O> {
    fn restored(optimizer: O, path: &Path) -> Self {
        let blank = Self {
            kernel: Parameter::ZERO,
            bias: Parameter::ZERO,
            optimizer,
            global_step: 0,
        };
        device_head::restore(blank, path)
    }

    fn apply(&mut self, kernel: &Kernel, bias: &Bias) {
        let step = self.optimizer.begin(self.global_step);
        self.kernel.apply_gradient(&step, kernel);
        self.bias.apply_gradient(&step, bias);
        self.optimizer.finish(&step);
        self.global_step += 1;
    }

    /// Where variable `index` lies.
    fn place(index: usize) -> Place {
        let (scalars, slots) = (O::SCALARS.len(), O::SLOTS.len());
        match index.checked_sub(scalars + 1) {
            None if index < scalars => Place::Scalar(index),
            None => Place::GlobalStep,
            Some(part) if part <= slots => Place::Kernel(part),
            Some(part) => Place::Bias(part - slots - 1),
        }
    }
}

/// A variable of a [`Device`]; part 0 of a parameter is its value, the others are its slots.
enum Place {
    Scalar(usize),
    GlobalStep,
    Kernel(usize),
    Bias(usize),
}

impl<O: Optimizer> Variables for Device<O> {
    fn count(&self) -> usize {
        O::SCALARS.len() + 1 + 2 * (1 + O::SLOTS.len())
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (name, shape, view) = match Self::place(index) {
            Place::Scalar(scalar) => {
                let value = std::slice::from_ref(self.optimizer.scalar(scalar)?);
                (
                    Name::new(O::SCALARS.get(scalar)?),
                    Shape::SCALAR,
                    View::F32(value),
                )
            }
            Place::GlobalStep => {
                let value = std::slice::from_ref(&self.global_step);
                (Name::new("global_step"), Shape::SCALAR, View::I64(value))
            }
            Place::Kernel(part) => part_of("kernel", &self.kernel, part)?,
            Place::Bias(part) => part_of("bias", &self.bias, part)?,
        };
        let collections = Collections::GLOBAL;
        Some(Variable {
            name,
            shape,
            collections,
            view,
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        match Self::place(index) {
            Place::Scalar(scalar) => Some(ViewMut::F32(std::slice::from_mut(
                self.optimizer.scalar_mut(scalar)?,
            ))),
            Place::GlobalStep => Some(ViewMut::I64(std::slice::from_mut(&mut self.global_step))),
            Place::Kernel(part) => part_mut(&mut self.kernel, part),
            Place::Bias(part) => part_mut(&mut self.bias, part),
        }
    }

    fn global_step(&self) -> i64 {
        self.global_step
    }
}

fn part_of<'a, V: Storage, O: Optimizer>(
    name: &'static str,
    parameter: &'a Parameter<V, O>,
    part: usize,
) -> Option<(Name<'static>, Shape, View<'a>)> {
    let (name, view) = match part.checked_sub(1) {
        None => (
            Name::scoped("head", name),
            View::F32(parameter.value.elements()),
        ),
        Some(slot) => {
            let name = Name::slot("head", name, O::SLOTS.get(slot)?.variable);
            (name, parameter.slots.view(slot)?)
        }
    };
    Some((name, V::SHAPE, view))
}

fn part_mut<V: Storage, O: Optimizer>(
    parameter: &mut Parameter<V, O>,
    part: usize,
) -> Option<ViewMut<'_>> {
    match part.checked_sub(1) {
        None => Some(ViewMut::F32(parameter.value.elements_mut())),
        Some(slot) => parameter.slots.view_mut(slot),
    }
}
