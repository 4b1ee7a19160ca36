//! Which optimizer, with which hyper-parameters.

use gradlet::optimizer::Optimizer;
use gradlet::{
    AdaMax, Adadelta, Adagrad, AdagradDa, Adam, AdamW, AmsGrad, CenteredRmsProp, Ftrl,
    GradientDescent, Momentum, NesterovAdam, ProximalAdagrad, ProximalGradientDescent, RmsProp,
};

use crate::replay::Run;
use crate::{Case, Deviation, Fault, Part, Scratch, State};

/// One of TensorFlow's optimizers with its hyper-parameters (those of `tf.compat.v1.train`), or of
/// Keras'.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the parameters have TensorFlow's names")]
pub enum Rule {
    GradientDescent {
        learning_rate: f32,
    },
    Momentum {
        learning_rate: f32,
        momentum: f32,
        use_nesterov: bool,
    },
    Adam {
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
    },
    NesterovAdam {
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
    },
    AMSGrad {
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
    },
    AdaMax {
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
    },
    AdamW {
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        weight_decay: f32,
    },
    KerasAdaMax {
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
    },
    KerasAdamW {
        learning_rate: f32,
        beta1: f32,
        beta2: f32,
        epsilon: f32,
        weight_decay: f32,
    },
    Adagrad {
        learning_rate: f32,
        initial_accumulator_value: f32,
    },
    AdagradDA {
        learning_rate: f32,
        initial_gradient_squared_accumulator_value: f32,
        l1: f32,
        l2: f32,
    },
    Adadelta {
        learning_rate: f32,
        rho: f32,
        epsilon: f32,
    },
    Ftrl {
        learning_rate: f32,
        learning_rate_power: f32,
        initial_accumulator_value: f32,
        l1: f32,
        l2: f32,
        l2_shrinkage: f32,
        beta: f32,
    },
    ProximalGradientDescent {
        learning_rate: f32,
        l1: f32,
        l2: f32,
    },
    ProximalAdagrad {
        learning_rate: f32,
        initial_accumulator_value: f32,
        l1: f32,
        l2: f32,
    },
    RMSProp {
        learning_rate: f32,
        decay: f32,
        momentum: f32,
        epsilon: f32,
        centered: bool,
    },
}

impl Rule {
    /// The slot that is the step itself, where there is one: RMSProp's momentum.
    pub(crate) fn step_slot(&self) -> Option<Part> {
        match self {
            Self::RMSProp { centered, .. } => Some(Part::Slot(1 + usize::from(*centered))),
            _ => None,
        }
    }
}

impl Case<'_> {
    /// Trains as TensorFlow did and reports, for every state that is known of TensorFlow, each
    /// variable's deviation from it.
    ///
    /// # Errors
    /// [`Fault`] if the case or the scratch is too short, or an index is out of range.
    pub fn replay(
        &self,
        scratch: Scratch<'_>,
        report: impl FnMut(&State<'_>, Part, Deviation),
    ) -> Result<(), Fault> {
        let run = Run::new(self, scratch, report);
        match self.rule {
            Rule::GradientDescent { learning_rate } => {
                run.with(GradientDescent::new(learning_rate))
            }
            Rule::Momentum {
                learning_rate,
                momentum,
                use_nesterov: false,
            } => run.with(Momentum::new(learning_rate, momentum)),
            Rule::Momentum {
                learning_rate,
                momentum,
                use_nesterov: true,
            } => run.with(Momentum::nesterov(learning_rate, momentum)),
            Rule::Adam {
                learning_rate,
                beta1,
                beta2,
                epsilon,
            } => run.with(Adam::with(learning_rate, beta1, beta2, epsilon)),
            Rule::NesterovAdam {
                learning_rate,
                beta1,
                beta2,
                epsilon,
            } => run.with(NesterovAdam::new(Adam::with(
                learning_rate,
                beta1,
                beta2,
                epsilon,
            ))),
            Rule::AMSGrad {
                learning_rate,
                beta1,
                beta2,
                epsilon,
            } => run.with(AmsGrad::new(Adam::with(
                learning_rate,
                beta1,
                beta2,
                epsilon,
            ))),
            Rule::AdamW {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            }
            | Rule::KerasAdamW {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => run.with(AdamW::with(
                Adam::with(learning_rate, beta1, beta2, epsilon),
                weight_decay,
            )),
            Rule::AdaMax {
                learning_rate,
                beta1,
                beta2,
                epsilon,
            }
            | Rule::KerasAdaMax {
                learning_rate,
                beta1,
                beta2,
                epsilon,
            } => run.with(AdaMax::with(learning_rate, beta1, beta2, epsilon)),
            Rule::Adagrad {
                learning_rate,
                initial_accumulator_value,
            } => run.with(Adagrad::with(learning_rate, initial_accumulator_value)),
            Rule::AdagradDA {
                learning_rate,
                initial_gradient_squared_accumulator_value: initial,
                l1,
                l2,
            } => run.with(
                AdagradDa::new(learning_rate)
                    .initial_gradient_squared_accumulator_value(initial)
                    .l1_regularization_strength(l1)
                    .l2_regularization_strength(l2),
            ),
            Rule::Adadelta {
                learning_rate,
                rho,
                epsilon,
            } => run.with(Adadelta::with(learning_rate, rho, epsilon)),
            Rule::Ftrl {
                learning_rate,
                learning_rate_power,
                initial_accumulator_value,
                l1,
                l2,
                l2_shrinkage,
                beta,
            } => run.with(
                Ftrl::new(learning_rate)
                    .learning_rate_power(learning_rate_power)
                    .initial_accumulator_value(initial_accumulator_value)
                    .l1_regularization_strength(l1)
                    .l2_regularization_strength(l2)
                    .l2_shrinkage_regularization_strength(l2_shrinkage)
                    .beta(beta),
            ),
            Rule::ProximalGradientDescent {
                learning_rate,
                l1,
                l2,
            } => run.with(
                ProximalGradientDescent::new(learning_rate)
                    .l1_regularization_strength(l1)
                    .l2_regularization_strength(l2),
            ),
            Rule::ProximalAdagrad {
                learning_rate,
                initial_accumulator_value,
                l1,
                l2,
            } => run.with(
                ProximalAdagrad::new(learning_rate)
                    .initial_accumulator_value(initial_accumulator_value)
                    .l1_regularization_strength(l1)
                    .l2_regularization_strength(l2),
            ),
            Rule::RMSProp {
                learning_rate,
                decay,
                momentum,
                epsilon,
                centered: false,
            } => run.with(RmsProp::with(learning_rate, decay, momentum, epsilon)),
            Rule::RMSProp {
                learning_rate,
                decay,
                momentum,
                epsilon,
                centered: true,
            } => run.with(CenteredRmsProp::with(
                learning_rate,
                decay,
                momentum,
                epsilon,
            )),
        }
    }

    /// The same with an optimizer of one's own.
    ///
    /// # Errors
    /// Those of [`replay`](Self::replay).
    pub fn replay_with<O, const N: usize>(
        &self,
        optimizer: O,
        scratch: Scratch<'_>,
        report: impl FnMut(&State<'_>, Part, Deviation),
    ) -> Result<(), Fault>
    where
        O: for<'r> Optimizer<Row<'r> = [&'r mut [f32]; N]>,
    {
        Run::new(self, scratch, report).with(optimizer)
    }
}
