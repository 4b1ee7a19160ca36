//! Hyper-parameters by their names, TensorFlow's defaults for those not given.

use serde_json::{Map, Value};

use super::IndexError;
use crate::Rule;

/// The hyper-parameters that a case gives.
pub(super) struct Hyper<'a>(pub(super) &'a Map<String, Value>);

/// The default names of TensorFlow's optimizers.
const OPTIMIZERS: [&str; 16] = [
    "NesterovAdam",
    "AMSGrad",
    "AdaMax",
    "AdamW",
    "KerasAdaMax",
    "KerasAdamW",
    "GradientDescent",
    "Momentum",
    "Adam",
    "Adagrad",
    "AdagradDA",
    "Adadelta",
    "Ftrl",
    "ProximalGradientDescent",
    "ProximalAdagrad",
    "RMSProp",
];

impl Hyper<'_> {
    /// The optimizer of a case: the longest name that the case's own starts with.
    pub(super) fn optimizer(case: &str) -> Option<&'static str> {
        OPTIMIZERS
            .into_iter()
            .filter(|name| case.starts_with(name))
            .max_by_key(|name| name.len())
    }

    fn given(&self, name: &str) -> Option<f32> {
        self.0.get(name).and_then(Value::as_f64).map(|x| x as f32)
    }

    fn required(&self, name: &str) -> Result<f32, IndexError> {
        self.given(name)
            .ok_or_else(|| IndexError(format!("the hyper-parameter {name} is not given")))
    }

    fn or(&self, name: &str, default: f32) -> f32 {
        self.given(name).unwrap_or(default)
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The rule of an optimizer with these hyper-parameters.
    pub(super) fn rule(&self, optimizer: &str) -> Result<Rule, IndexError> {
        Ok(match optimizer {
            "GradientDescent" => Rule::GradientDescent {
                learning_rate: self.required("learning_rate")?,
            },
            "Momentum" => Rule::Momentum {
                learning_rate: self.required("learning_rate")?,
                momentum: self.required("momentum")?,
                use_nesterov: self.flag("use_nesterov"),
            },
            "Adam" => Rule::Adam {
                learning_rate: self.or("learning_rate", 0.001),
                beta1: self.or("beta1", 0.9),
                beta2: self.or("beta2", 0.999),
                epsilon: self.or("epsilon", 1e-8),
            },
            "NesterovAdam" => Rule::NesterovAdam {
                learning_rate: self.or("learning_rate", 0.001),
                beta1: self.or("beta1", 0.9),
                beta2: self.or("beta2", 0.999),
                epsilon: self.or("epsilon", 1e-8),
            },
            "AMSGrad" => Rule::AMSGrad {
                learning_rate: self.or("learning_rate", 0.001),
                beta1: self.or("beta1", 0.9),
                beta2: self.or("beta2", 0.999),
                epsilon: self.or("epsilon", 1e-8),
            },
            "AdaMax" => Rule::AdaMax {
                learning_rate: self.or("learning_rate", 0.001),
                beta1: self.or("beta1", 0.9),
                beta2: self.or("beta2", 0.999),
                epsilon: self.or("epsilon", 1e-8),
            },
            "AdamW" => Rule::AdamW {
                learning_rate: self.or("learning_rate", 0.001),
                beta1: self.or("beta1", 0.9),
                beta2: self.or("beta2", 0.999),
                epsilon: self.or("epsilon", 1e-8),
                weight_decay: self.or("weight_decay", 0.004),
            },
            "KerasAdaMax" => Rule::KerasAdaMax {
                learning_rate: self.or("learning_rate", 0.001),
                beta1: self.or("beta1", 0.9),
                beta2: self.or("beta2", 0.999),
                epsilon: self.or("epsilon", 1e-8),
            },
            "KerasAdamW" => Rule::KerasAdamW {
                learning_rate: self.or("learning_rate", 0.001),
                beta1: self.or("beta1", 0.9),
                beta2: self.or("beta2", 0.999),
                epsilon: self.or("epsilon", 1e-8),
                weight_decay: self.or("weight_decay", 0.004),
            },
            "Adagrad" => Rule::Adagrad {
                learning_rate: self.required("learning_rate")?,
                initial_accumulator_value: self.or("initial_accumulator_value", 0.1),
            },
            "AdagradDA" => Rule::AdagradDA {
                learning_rate: self.required("learning_rate")?,
                initial_gradient_squared_accumulator_value: self
                    .or("initial_gradient_squared_accumulator_value", 0.1),
                l1: self.or("l1_regularization_strength", 0.0),
                l2: self.or("l2_regularization_strength", 0.0),
            },
            "Adadelta" => Rule::Adadelta {
                learning_rate: self.or("learning_rate", 0.001),
                rho: self.or("rho", 0.95),
                epsilon: self.or("epsilon", 1e-8),
            },
            "Ftrl" => Rule::Ftrl {
                learning_rate: self.required("learning_rate")?,
                learning_rate_power: self.or("learning_rate_power", -0.5),
                initial_accumulator_value: self.or("initial_accumulator_value", 0.1),
                l1: self.or("l1_regularization_strength", 0.0),
                l2: self.or("l2_regularization_strength", 0.0),
                l2_shrinkage: self.or("l2_shrinkage_regularization_strength", 0.0),
                beta: self.or("beta", 0.0),
            },
            "ProximalGradientDescent" => Rule::ProximalGradientDescent {
                learning_rate: self.required("learning_rate")?,
                l1: self.or("l1_regularization_strength", 0.0),
                l2: self.or("l2_regularization_strength", 0.0),
            },
            "ProximalAdagrad" => Rule::ProximalAdagrad {
                learning_rate: self.required("learning_rate")?,
                initial_accumulator_value: self.or("initial_accumulator_value", 0.1),
                l1: self.or("l1_regularization_strength", 0.0),
                l2: self.or("l2_regularization_strength", 0.0),
            },
            "RMSProp" => Rule::RMSProp {
                learning_rate: self.required("learning_rate")?,
                decay: self.or("decay", 0.9),
                momentum: self.or("momentum", 0.0),
                epsilon: self.or("epsilon", 1e-10),
                centered: self.flag("centered"),
            },
            _ => return Err(IndexError(format!("there is no optimizer {optimizer}"))),
        })
    }
}
