//! Hyper-parameters by their names, TensorFlow's defaults for those not given.

use serde_json::{Map, Value};

use super::IndexError;
use crate::Rule;

/// The hyper-parameters that a case gives.
pub(super) struct Hyper<'a>(pub(super) &'a Map<String, Value>);

/// The default names of TensorFlow's optimizers.
const OPTIMIZERS: [&str; 3] = ["GradientDescent", "Momentum", "Adam"];

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
            _ => return Err(IndexError(format!("there is no optimizer {optimizer}"))),
        })
    }
}
