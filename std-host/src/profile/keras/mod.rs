//! Objects of Keras: a model of layers, an optimizer with lists or slots.

mod layers;
mod optimizer;

use self::layers::{layers, weight};
use self::optimizer::OptimizerBuilder;
use super::Profile;
use super::arrangement::{Arrangement, Plan};
use super::family::Family;
use super::hyperparameters::Hyperparameters;
use crate::management::ManagementError;
use crate::object_graph::ObjectId;

/// A variable of the model as an object.
struct Weight {
    number: usize,
    object: ObjectId,
}

/// Arranges the variables of a plan.
pub(super) fn arrange(plan: &Plan<'_>) -> Result<Arrangement, ManagementError> {
    let mut made = Arrangement::default();
    let root = made.objects.root();
    let model = made.objects.descend(root, plan.mapping.model_path());
    let layers = layers(plan, &mut made.notes);
    let roles = &plan.roles;
    let optimizer = roles.optimizer.or_else(|| {
        let counts = roles.global_step.is_some();
        counts.then(Family::gradient_descent)
    });
    // Attributes keep the order of the arguments of `tf.train.Checkpoint`; what they hold follows.
    let optimizer = match optimizer {
        None => None,
        Some(family) => {
            let keras = family
                .keras
                .as_ref()
                .ok_or_else(|| no_such_optimizer(plan, family))?;
            let object = made.objects.descend(root, plan.mapping.optimizer_path());
            Some((family, keras, object))
        }
    };
    let mut weights = Vec::new();
    for (layer, variables) in &layers {
        for &number in variables {
            let object = weight(&mut made.objects, model, plan, layer, number);
            weights.push(Weight { number, object });
        }
    }
    if let Some((family, keras, object)) = optimizer {
        let mut builder = OptimizerBuilder {
            plan,
            family,
            keras,
            values: Hyperparameters::new(plan.mapping, keras),
            object,
            trained: weights
                .iter()
                .filter(|weight| roles.is_trained(weight.number))
                .collect(),
            made: &mut made,
        };
        match plan.mapping.profile() {
            Profile::TfKerasLegacy => builder.legacy()?,
            _ => builder.lists()?,
        }
    }
    for Weight { number, object } in weights {
        made.set_variable(object, plan, number);
    }
    Ok(made)
}

fn no_such_optimizer(plan: &Plan<'_>, family: &Family) -> ManagementError {
    ManagementError::Mismatch(format!(
        "profile {} has no optimizer like {}: drop the slots, or use profile v1",
        plan.mapping.profile().name(),
        family.name
    ))
}
