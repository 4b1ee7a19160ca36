//! Object-based checkpoints there and back: TensorFlow trains and saves, the device's core takes it
//! up and trains on, and TensorFlow consumes all of the result and trains on.
use crate::device_head::{self, Model, State};
use crate::session::call;
use gradlet::optimizer::Optimizer;
use gradlet::{Adadelta, Adagrad, Adam, Ftrl, GradientDescent, Head, Mlp, Momentum, RmsProp};
use gradlet_host::convert::{self, Format, Options, Selection, Slots as Kept, Source};
use gradlet_host::mapping::Mapping;
use gradlet_host::profile::Profile;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const RATE: f32 = 0.125;
const STEPS: usize = 3;

#[derive(Deserialize)]
struct Saved {
    prefix: String,
    state: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Continued {
    restored: BTreeMap<String, Value>,
    save_counter: i64,
    prefix: String,
    state: BTreeMap<String, Value>,
}

/// What one kind of optimizer keeps: the device's name of each slot, and all that the profiles
/// call it.
type Slots = &'static [(&'static str, &'static [&'static str])];

const MOMENTUM: &str = "Momentum";

const ADAM: Slots = &[
    ("Adam", &["m", "_momentums"]),
    ("Adam_1", &["v", "_velocities"]),
];

#[test]
fn adam_goes_round() {
    round("Adam", || Adam::new(RATE), ADAM);
}

#[test]
fn momentum_goes_round() {
    round(
        MOMENTUM,
        || Momentum::new(RATE, 0.9),
        &[(MOMENTUM, &["momentum", "momentums"])],
    );
}

#[test]
fn gradient_descent_goes_round() {
    round("GradientDescent", || GradientDescent::new(RATE), &[]);
}

#[test]
fn adagrad_goes_round() {
    round(
        "Adagrad",
        || Adagrad::new(RATE),
        &[("Adagrad", &["accumulator", "_accumulators"])],
    );
}

#[test]
fn rms_prop_goes_round() {
    const SLOTS: Slots = &[
        ("RMSProp", &["rms", "_velocities"]),
        ("RMSProp_1", &["momentum", "_momentums"]),
    ];
    round("RMSProp", || RmsProp::with(RATE, 0.9, 0.5, 1e-10), SLOTS);
}

#[test]
fn ftrl_goes_round() {
    const SLOTS: Slots = &[
        ("Ftrl", &["accum", "accumulator", "_accumulators"]),
        ("Ftrl_1", &["linear", "_linears"]),
    ];
    round("Ftrl", || Ftrl::new(RATE), SLOTS);
}

#[test]
fn adadelta_goes_round() {
    const SLOTS: Slots = &[
        ("Adadelta", &["accum", "accum_grad", "_accumulated_grads"]),
        (
            "Adadelta_1",
            &["accum_update", "accum_var", "_accumulated_delta_vars"],
        ),
    ];
    round("Adadelta", || Adadelta::new(RATE), SLOTS);
}

#[test]
fn a_model_with_a_hidden_layer_goes_round() {
    const HIDDEN: usize = 5;
    round_of(
        "Adam",
        HIDDEN,
        || Mlp::<_, HIDDEN, _, _>::new(Adam::new(RATE)),
        ADAM,
    );
}

fn round<O: Optimizer>(name: &str, optimizer: impl Fn() -> O, slots: Slots) {
    round_of(name, 0, || Head::new(optimizer()), slots);
}

fn round_of<M: Model>(name: &str, hidden: usize, model: impl Fn() -> M, slots: Slots) {
    for profile in Profile::ALL {
        let about = format!("{name} of {}", profile.name());
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let arguments = json!({
            "profile": profile.name(), "optimizer": name, "hidden": hidden, "prefix": path("from/ckpt"),
            "seed": 7, "steps": STEPS,
        });
        let saved: Saved = call("objects.train_and_save", arguments);

        // TensorFlow to the device. `tf_keras` keeps momentums also without a momentum.
        let kept = if slots.is_empty() {
            Kept::Drop
        } else {
            Kept::Keep
        };
        to_device(&saved.prefix, &path("to.gck"), reading(profile), kept);
        let mut head = device_head::restore(model(), &path("to.gck"));
        assert_eq!(head.global_step(), STEPS as i64, "{about}");
        let scale = scale_of(name, profile);
        same(
            &about,
            &device_head::state(&head),
            &saved.state,
            slots,
            scale,
        );

        // On the device, and back.
        device_head::train(&mut head, STEPS);
        device_head::save(&head, &path("on.gck"));
        let mut writing = Mapping::new(profile);
        writing
            .hyperparameters
            .insert("learning_rate".to_owned(), RATE);
        let prefix = to_objects(&path("on.gck"), &path("back/ckpt"), writing);
        let arguments = json!({
            "profile": profile.name(), "optimizer": name, "hidden": hidden, "source": prefix,
            "target": path("on/ckpt"), "seed": 8, "steps": STEPS,
        });
        let continued: Continued = call("objects.restore_and_train", arguments);
        assert_eq!(
            continued.save_counter,
            2 * STEPS as i64,
            "{about}: the number in the name"
        );
        same(
            &about,
            &device_head::state(&head),
            &continued.restored,
            slots,
            scale,
        );
        assert_eq!(continued.restored["iterations"], 2 * STEPS, "{about}");
        if let Some(rate) = continued.restored.get("learning_rate") {
            assert_eq!(rate, &crate::hex(&RATE.to_le_bytes()), "{about}");
        }

        // And once more to the device, after TensorFlow went on.
        to_device(
            &continued.prefix,
            &path("again.gck"),
            reading(profile),
            kept,
        );
        let head = device_head::restore(model(), &path("again.gck"));
        assert_eq!(head.global_step(), 3 * STEPS as i64, "{about}");
        same(
            &about,
            &device_head::state(&head),
            &continued.state,
            slots,
            scale,
        );
    }
}

#[test]
fn the_folder_of_a_saved_model_stands_for_its_variables() {
    for profile in Profile::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("model");
        let arguments = json!({ "folder": model, "profile": profile.name() });
        let values: State = call("objects.save_models", arguments);
        let device = folder.path().join("device.gck");
        to_device(&model, &device, reading(profile), Kept::Drop);
        let device = gradlet_host::open(&device).unwrap_or_else(|error| panic!("{error}"));
        let others = device
            .tensors()
            .filter(|tensor| tensor.name != "global_step");
        assert_eq!(others.count(), values.len(), "{}", profile.name());
        for (name, value) in values {
            let tensor = device.tensor(&name);
            let tensor = tensor.unwrap_or_else(|| panic!("{}: no {name}", profile.name()));
            let found = tensor.load().unwrap_or_else(|error| panic!("{error}"));
            let found = crate::hex(found.bytes().expect("numbers"));
            assert_eq!(found, value, "{}: {name}", profile.name());
        }
    }
}

/// Keras 3 puts the name of a Sequential model before those of its variables.
fn reading(profile: Profile) -> Mapping {
    let mut mapping = Mapping::new(profile);
    if profile == Profile::Keras3 {
        mapping.assign.insert("net/".to_owned(), String::new());
    }
    mapping
}

/// Keras's momentum adds up steps, TensorFlow 1's gradients. The rate is a power of two, so that
/// the way from one to the other rounds nothing.
fn scale_of(name: &str, profile: Profile) -> f32 {
    match profile {
        Profile::V1 => 1.0,
        _ if name == MOMENTUM => -RATE,
        _ => 1.0,
    }
}

/// Every bit of the device's variables and slots, the latter times `scale`, is in TensorFlow's.
fn same(about: &str, device: &State, found: &BTreeMap<String, Value>, slots: Slots, scale: f32) {
    let hidden = ["hidden/kernel", "hidden/bias"].into_iter();
    let hidden = hidden.filter(|variable| device.contains_key(*variable));
    for variable in ["head/kernel", "head/bias"].into_iter().chain(hidden) {
        assert_eq!(found[variable], device[variable], "{about}: {variable}");
        for (slot, names) in slots {
            let about = format!("{about}: {variable}/{slot}");
            let mut named = names
                .iter()
                .filter_map(|name| found.get(&format!("{variable}/{name}")));
            let found = named.next().and_then(Value::as_str);
            let found = found.unwrap_or_else(|| panic!("{about} is not there"));
            let stored = floats(&device[&format!("{variable}/{slot}")]).into_iter();
            let scaled: Vec<u32> = stored.map(|value| (value * scale).to_bits()).collect();
            let found: Vec<u32> = floats(found).into_iter().map(f32::to_bits).collect();
            assert_eq!(found, scaled, "{about}");
        }
    }
}

fn floats(hex: &str) -> Vec<f32> {
    let digits = hex.as_bytes().chunks(8);
    let value = |digits: &[u8]| {
        let text = std::str::from_utf8(digits).expect("digits");
        f32::from_bits(u32::from_str_radix(text, 16).expect("digits").swap_bytes())
    };
    digits.map(value).collect()
}

pub(crate) fn to_device(prefix: impl AsRef<Path>, target: &Path, mapping: Mapping, slots: Kept) {
    let selection = Selection {
        slots,
        ..Selection::default()
    };
    let options = Options {
        mapping,
        selection,
        ..Options::default()
    };
    let source = Source::open(prefix).unwrap_or_else(|error| panic!("{error}"));
    let written = convert::convert(&source, target, &options);
    let written = written.unwrap_or_else(|error| panic!("{}: {error}", target.display()));
    assert_eq!(written.target, target);
}

pub(crate) fn to_objects(device: &Path, target: &Path, mapping: Mapping) -> String {
    let options = Options {
        mapping,
        format: Some(Format::V2),
        ..Options::default()
    };
    let source = Source::open(device).unwrap_or_else(|error| panic!("{error}"));
    let written = convert::convert(&source, target, &options);
    let written = written.unwrap_or_else(|error| panic!("{}: {error}", target.display()));
    written.target.to_str().expect("UTF-8").to_owned()
}
