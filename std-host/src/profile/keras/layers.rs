//! The layers of a Keras model, and the objects of their variables.

use std::collections::BTreeMap;

use super::super::Profile;
use super::super::arrangement::Plan;
use crate::mapping::parts;
use crate::object_graph::{ObjectId, Objects};

/// Attributes of layers in the order in which Keras makes them.
const ATTRIBUTES: [&str; 11] = [
    "embeddings",
    "depthwise_kernel",
    "pointwise_kernel",
    "kernel",
    "recurrent_kernel",
    "gamma",
    "beta",
    "bias",
    "moving_mean",
    "moving_variance",
    "alpha",
];

/// A layer of the model.
pub(super) struct Layer<'p> {
    name: &'p str,
    number: usize,
}

/// The layers in the order of the model, each with its variables in Keras's order.
pub(super) fn layers<'p>(
    plan: &'p Plan<'_>,
    notes: &mut Vec<String>,
) -> Vec<(Layer<'p>, Vec<usize>)> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_layer: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &number in &plan.roles.model {
        let layer = plan
            .name(number)
            .rsplit_once('/')
            .map_or("", |(layer, _)| layer);
        if !by_layer.contains_key(layer) {
            order.push(layer);
        }
        by_layer.entry(layer).or_default().push(number);
    }
    let given = &plan.mapping.layers;
    let guessed = order.iter().filter(|layer| !given.contains_key(**layer));
    if guessed.count() > 1 {
        let by_shape = chain(plan, &order, &by_layer);
        let how = match by_shape {
            Some(_) => "by the shapes of their kernels",
            None => "as they come",
        };
        order = by_shape.unwrap_or(order);
        notes.push(format!(
            "the layers were taken in this order, {how}: {order:?}; number them under [layers] of \
             the mapping file if the model has another"
        ));
    }
    let first = match plan.mapping.profile() {
        Profile::Keras3 => 1,
        _ => 0,
    };
    let mut free = (first..).filter(|number| !given.values().any(|taken| taken == number));
    let numbered = order.into_iter().map(|name| {
        let number = given
            .get(name)
            .copied()
            .or_else(|| free.next())
            .unwrap_or(first);
        (
            Layer { name, number },
            by_layer.remove(name).unwrap_or_default(),
        )
    });
    let mut layers: Vec<(Layer<'_>, Vec<usize>)> = numbered.collect();
    layers.sort_by_key(|(layer, _)| layer.number);
    for (_, variables) in &mut layers {
        variables.sort_by_key(|&number| {
            let attribute = plan.name(number).rsplit('/').next().unwrap_or_default();
            ATTRIBUTES
                .iter()
                .position(|known| *known == attribute)
                .unwrap_or(ATTRIBUTES.len())
        });
    }
    layers
}

/// The layers in the only order in which each one's kernel takes what the one before it gives.
fn chain<'p>(
    plan: &Plan<'p>,
    layers: &[&'p str],
    variables: &BTreeMap<&'p str, Vec<usize>>,
) -> Option<Vec<&'p str>> {
    let ends = |layer: &&'p str| {
        let mut numbers = variables.get(*layer)?.iter();
        let kernel = numbers.find(|&&number| plan.name(number).ends_with("/kernel"))?;
        match *plan.variables.get(*kernel)?.shape {
            [inputs, outputs] => Some((*layer, inputs, outputs)),
            _ => None,
        }
    };
    let mut left: Vec<(&str, u64, u64)> = layers.iter().map(ends).collect::<Option<_>>()?;
    let mut ordered = Vec::new();
    let mut wanted = None;
    while !left.is_empty() {
        let fits = |&(_, inputs, _): &(&str, u64, u64)| match wanted {
            Some(wanted) => inputs == wanted,
            // The first takes what no other gives.
            None => !left.iter().any(|(_, _, outputs)| *outputs == inputs),
        };
        let mut places = (0..left.len()).filter(|&place| left.get(place).is_some_and(fits));
        let (place, None) = (places.next()?, places.next()) else {
            return None;
        };
        let (layer, _, outputs) = left.remove(place);
        ordered.push(layer);
        wanted = Some(outputs);
    }
    Some(ordered)
}

/// The object of a variable of a layer.
pub(super) fn weight(
    objects: &mut Objects,
    model: ObjectId,
    plan: &Plan<'_>,
    layer: &Layer<'_>,
    number: usize,
) -> ObjectId {
    let name = plan.name(number);
    if let Some(path) = plan.mapping.paths.get(name) {
        let root = objects.root();
        return objects.descend(root, parts(path));
    }
    let attribute = name.strip_prefix(layer.name).unwrap_or(name);
    let attribute = attribute.strip_prefix('/').unwrap_or(attribute);
    if layer.name.is_empty() {
        return objects.child(model, attribute);
    }
    let place = layer.number.to_string();
    match plan.mapping.profile() {
        Profile::Keras3 => {
            let private = match attribute {
                "kernel" => "_kernel",
                "embeddings" => "_embeddings",
                other => other,
            };
            let operations = keras3_operations(objects, model);
            objects.descend(operations, [place.as_str(), private])
        }
        _ => objects.descend(
            model,
            [format!("layer_with_weights-{place}").as_str(), attribute],
        ),
    }
}

/// The list of a Keras 3 model's operations: a functional model has it itself, a Sequential one in
/// the functional model that it makes; one list serves both.
fn keras3_operations(objects: &mut Objects, model: ObjectId) -> ObjectId {
    if let Some(operations) = objects.get(model, "_operations") {
        return operations;
    }
    let operations = objects.descend(model, ["_functional", "_operations"]);
    objects.link(model, "_operations", operations);
    operations
}
