//! Which optimizer, with which hyper-parameters.

use gradlet::{Adam, GradientDescent, Momentum};

use crate::replay::{Fault, Run};
use crate::{Case, Distance, State};

/// One of TensorFlow's optimizers with its hyper-parameters (those of `tf.compat.v1.train`).
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
}

impl Rule {
    /// The most slots that one of them has.
    pub const MOST_SLOTS: usize = 3;
}

impl Case<'_> {
    /// Trains as TensorFlow did and reports, for every state that is known of TensorFlow, each
    /// variable's distance from it. `scratch` holds [`scratch`](Self::scratch) numbers.
    ///
    /// # Errors
    /// [`Fault`] if the case or the scratch is too short, or an index is out of range.
    pub fn replay(
        &self,
        scratch: &mut [f32],
        report: impl FnMut(&State<'_>, crate::Part, Distance),
    ) -> Result<(), Fault> {
        let run = Run {
            case: self,
            scratch,
            report,
        };
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
        }
    }
}
