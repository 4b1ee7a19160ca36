//! Optimizers, and what each TensorFlow calls the variables that they keep.

/// One kind of optimizer, over all of TensorFlow's implementations of it.
#[derive(Debug, PartialEq)]
pub struct Family {
    /// Name of TensorFlow 1's class without `Optimizer`, which is also the default name of its
    /// slot variables: `head/kernel/Adam`, `head/kernel/Adam_1`.
    pub name: &'static str,
    /// What it keeps for each variable, in the order in which TensorFlow 1 makes it.
    pub slots: &'static [Slot],
    /// Variables of its own in TensorFlow 1.
    pub scalars: &'static [&'static str],
    /// How Keras stores it; `None` where Keras has no such optimizer.
    pub keras: Option<Keras>,
}

/// What an optimizer keeps for each variable.
#[derive(Debug, PartialEq)]
pub struct Slot {
    /// Its name in object graphs of TensorFlow 1.
    pub name: &'static str,
    /// Its name in object graphs of legacy `tf_keras` optimizers.
    pub legacy: &'static str,
    /// Name of the list that holds it in Keras 3 and in newer `tf_keras`.
    pub list: &'static str,
    /// What Keras 3 calls its variables: `momentum` in `adam/head_kernel_momentum`.
    pub keras3: &'static str,
    /// What newer `tf_keras` calls its variables: `m` in `Adam/m/head/kernel`.
    pub tf_keras: &'static str,
    /// How Keras's value follows from TensorFlow 1's.
    pub scale: Scale,
}

/// How Keras's value of a slot follows from TensorFlow 1's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// It is the same.
    Same,
    /// Keras adds up steps where TensorFlow 1 adds up gradients: times the learning rate, negated.
    NegativeLearningRate,
}

/// How Keras stores an optimizer.
#[derive(Debug, PartialEq)]
pub struct Keras {
    /// With what the names of its variables begin in Keras 3.
    pub keras3: &'static str,
    /// With what the names of its variables begin in `tf_keras`.
    pub tf_keras: &'static str,
    /// The slots in Keras's order.
    pub order: &'static [usize],
    /// How many of them are made together for each variable before the next variable's; the
    /// others come list after list.
    pub together: usize,
    /// Values that the legacy form stores as variables, in the order of their names, with Keras's
    /// defaults. The learning rate of Keras 3 and newer `tf_keras` is that of the table, too.
    pub values: &'static [(&'static str, f32)],
}

const fn slot(name: &'static str, list: &'static str, keras3: &'static str) -> Slot {
    Slot {
        name,
        legacy: name,
        list,
        keras3,
        tf_keras: keras3,
        scale: Scale::Same,
    }
}

const M: Slot = Slot {
    tf_keras: "m",
    ..slot("m", "_momentums", "momentum")
};
const V: Slot = Slot {
    tf_keras: "v",
    ..slot("v", "_velocities", "velocity")
};
const VHAT: Slot = Slot {
    tf_keras: "vhat",
    ..slot("vhat", "_velocity_hats", "velocity_hat")
};
const RMS: Slot = slot("rms", "_velocities", "velocity");
const RMS_MOMENTUM: Slot = slot("momentum", "_momentums", "momentum");
const RMS_GRADIENT: Slot = slot("mg", "_average_gradients", "average_gradient");

const BETA_POWERS: &[&str] = &["beta1_power", "beta2_power"];
const ADAM_VALUES: &[(&str, f32)] = &[
    ("beta_1", 0.9),
    ("beta_2", 0.999),
    ("decay", 0.0),
    ("learning_rate", 0.001),
];
const SGD_VALUES: &[(&str, f32)] = &[("decay", 0.0), ("learning_rate", 0.01), ("momentum", 0.9)];
const RMSPROP_VALUES: &[(&str, f32)] = &[
    ("decay", 0.0),
    ("learning_rate", 0.001),
    ("momentum", 0.0),
    ("rho", 0.9),
];

static ADAM: Family = Family {
    name: "Adam",
    slots: &[M, V],
    scalars: BETA_POWERS,
    keras: Some(Keras {
        keras3: "adam",
        tf_keras: "Adam",
        order: &[0, 1],
        together: 2,
        values: ADAM_VALUES,
    }),
};

static AMSGRAD: Family = Family {
    name: "Adam",
    slots: &[M, V, VHAT],
    scalars: BETA_POWERS,
    keras: Some(Keras {
        keras3: "adam",
        tf_keras: "Adam",
        order: &[0, 1, 2],
        together: 2,
        values: ADAM_VALUES,
    }),
};

static MOMENTUM: Family = Family {
    name: "Momentum",
    slots: &[Slot {
        tf_keras: "m",
        scale: Scale::NegativeLearningRate,
        ..slot("momentum", "momentums", "momentum")
    }],
    scalars: &[],
    keras: Some(Keras {
        keras3: "sgd",
        tf_keras: "SGD",
        order: &[0],
        together: 1,
        values: SGD_VALUES,
    }),
};

static GRADIENT_DESCENT: Family = Family {
    name: "GradientDescent",
    slots: &[],
    scalars: &[],
    keras: Some(Keras {
        keras3: "sgd",
        tf_keras: "SGD",
        order: &[],
        together: 1,
        values: &[("decay", 0.0), ("learning_rate", 0.01), ("momentum", 0.0)],
    }),
};

static RMSPROP: Family = Family {
    name: "RMSProp",
    slots: &[RMS, RMS_MOMENTUM],
    scalars: &[],
    keras: Some(Keras {
        keras3: "rmsprop",
        tf_keras: "RMSprop",
        order: &[0, 1],
        together: 1,
        values: RMSPROP_VALUES,
    }),
};

static RMSPROP_CENTERED: Family = Family {
    name: "RMSProp",
    slots: &[RMS, RMS_GRADIENT, RMS_MOMENTUM],
    scalars: &[],
    keras: Some(Keras {
        keras3: "rmsprop",
        tf_keras: "RMSprop",
        order: &[0, 2, 1],
        together: 1,
        values: RMSPROP_VALUES,
    }),
};

static ADAGRAD: Family = Family {
    name: "Adagrad",
    slots: &[slot("accumulator", "_accumulators", "accumulator")],
    scalars: &[],
    keras: Some(Keras {
        keras3: "adagrad",
        tf_keras: "Adagrad",
        order: &[0],
        together: 1,
        values: &[("decay", 0.0), ("learning_rate", 0.001)],
    }),
};

static ADADELTA: Family = Family {
    name: "Adadelta",
    slots: &[
        Slot {
            legacy: "accum_grad",
            ..slot("accum", "_accumulated_grads", "accumulated_grad")
        },
        Slot {
            legacy: "accum_var",
            ..slot(
                "accum_update",
                "_accumulated_delta_vars",
                "accumulated_delta_var",
            )
        },
    ],
    scalars: &[],
    keras: Some(Keras {
        keras3: "adadelta",
        tf_keras: "Adadelta",
        order: &[0, 1],
        together: 2,
        values: &[("decay", 0.0), ("learning_rate", 0.001), ("rho", 0.95)],
    }),
};

static FTRL: Family = Family {
    name: "Ftrl",
    slots: &[
        Slot {
            legacy: "accumulator",
            ..slot("accum", "_accumulators", "accumulator")
        },
        slot("linear", "_linears", "linear"),
    ],
    scalars: &[],
    keras: Some(Keras {
        keras3: "ftrl",
        tf_keras: "Ftrl",
        order: &[0, 1],
        together: 2,
        values: &[
            ("beta", 0.0),
            ("decay", 0.0),
            ("l1_regularization_strength", 0.0),
            ("l2_regularization_strength", 0.0),
            ("learning_rate", 0.001),
            ("learning_rate_power", -0.5),
        ],
    }),
};

static ADAGRAD_DA: Family = Family {
    name: "AdagradDA",
    slots: &[
        slot("gradient_accumulator", "", ""),
        slot("gradient_squared_accumulator", "", ""),
    ],
    scalars: &[],
    keras: None,
};

static PROXIMAL_ADAGRAD: Family = Family {
    name: "ProximalAdagrad",
    slots: &[slot("accumulator", "", "")],
    scalars: &[],
    keras: None,
};

static FAMILIES: [&Family; 11] = [
    &ADAM,
    &AMSGRAD,
    &MOMENTUM,
    &GRADIENT_DESCENT,
    &RMSPROP,
    &RMSPROP_CENTERED,
    &ADAGRAD,
    &ADADELTA,
    &FTRL,
    &ADAGRAD_DA,
    &PROXIMAL_ADAGRAD,
];

impl Family {
    /// Every family; where two share a name, the number of slots tells them apart.
    pub fn all() -> &'static [&'static Family] {
        &FAMILIES
    }

    /// The family of this name with this many slots.
    pub fn named(name: &str, slots: usize) -> Option<&'static Family> {
        let found = FAMILIES
            .iter()
            .find(|f| f.name == name && f.slots.len() == slots);
        found.copied()
    }

    /// The optimizer that keeps nothing.
    pub fn gradient_descent() -> &'static Family {
        &GRADIENT_DESCENT
    }
}

/// Name and number of the slot variable that a name's last part stands for: `Adam_1` is number 1
/// of `Adam`.
pub(super) fn slot_suffix(part: &str) -> (&str, usize) {
    let numbered = part.rsplit_once('_').and_then(|(name, number)| {
        let plain = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
        Some((name, number.parse().ok().filter(|_| plain)?))
    });
    numbered.unwrap_or((part, 0))
}

/// The last part of the name of slot variable `number`: `Adam`, `Adam_1`, …
pub(super) fn slot_variable(name: &str, number: usize) -> String {
    match number {
        0 => name.to_owned(),
        number => format!("{name}_{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_variables_are_numbered_as_in_tensorflow() {
        for (part, expected) in [
            ("Adam", ("Adam", 0)),
            ("Adam_1", ("Adam", 1)),
            ("Adam_01", ("Adam_01", 0)),
        ] {
            assert_eq!(slot_suffix(part), expected);
        }
    }

    #[test]
    fn keras_has_an_order_for_every_slot() {
        for family in Family::all() {
            if let Some(keras) = &family.keras {
                let mut order = keras.order.to_vec();
                order.sort_unstable();
                let expected: Vec<usize> = (0..family.slots.len()).collect();
                assert_eq!(order, expected, "{}", family.name);
                assert!(keras.values.is_sorted(), "{}", family.name);
                assert!(
                    keras
                        .values
                        .iter()
                        .any(|(name, _)| *name == "learning_rate")
                );
            }
        }
    }
}
