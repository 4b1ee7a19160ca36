//! From the manifest's layers and the int8 graph to a [`Plan`].
//!
//! The two lists describe the same layers: `layers` has strides, paddings and activations,
//! `int8_graph` the tensors. They are walked side by side; flattening and reshaping move nothing
//! in memory and are only checked.

use crate::Error;
use crate::folder::Folder;
use crate::plan::Plan;
use crate::site::Site;
use crate::tensors::{Activation8, Tensors};
use crate::translate::KINDS;

/// Reads the plan of `folder`'s backbone.
pub(crate) fn plan(folder: &Folder) -> Result<Plan, Error> {
    let manifest = &folder.manifest;
    let tensors = Tensors::of(folder)?;
    let ops = &manifest.int8_graph.ops;
    let Some(&first) = ops.first().and_then(|op| op.inputs.first()) else {
        return Err(tensors.fault("int8_graph, ops", "an operator with an input", ops.len()));
    };
    let declared = Activation8 {
        shape: tensors.dimensions("input, shape", &manifest.input.shape)?,
        scale: tensors.scale("input, tflite_scale", manifest.input.tflite_scale)?,
        zero_point: tensors.int8("input, tflite_zero_point", manifest.input.tflite_zero_point)?,
    };
    let mut newest = tensors.activation(first)?;
    tensors.expect("int8_graph: the first input", &declared, &newest)?;
    let input = newest.elements();

    let mut layers = manifest.layers.iter().filter(|layer| layer.op != "flatten");
    let mut steps = Vec::new();
    let mut index = first;
    for (number, op) in ops.iter().enumerate() {
        let name = format!("int8_graph, ops[{number}] ({})", op.op);
        let from = op.inputs.first().copied();
        tensors.expect(format_args!("{name}, its input"), Some(index), from)?;
        let [target] = op.outputs[..] else {
            return Err(tensors.fault(format_args!("{name}, outputs"), "one", &op.outputs));
        };
        let output = tensors.activation(target)?;
        let before = std::mem::replace(&mut newest, output.clone());
        index = target;
        if op.op == "RESHAPE" {
            let what = format!("{name}, elements and quantization");
            let after = (output.elements(), output.quantization());
            tensors.expect(what, (before.elements(), before.quantization()), after)?;
            continue;
        }
        let Some((kind, _, translate)) = KINDS.iter().find(|(_, known, _)| *known == op.op) else {
            let known: Vec<&str> = KINDS.iter().map(|(_, known, _)| *known).collect();
            let expected = format!("RESHAPE or one of {known:?}");
            return Err(tensors.fault(name, expected, &op.op));
        };
        let layer = layers.next();
        let what = format!("{name}, its entry in layers");
        tensors.expect(what, Some(*kind), layer.map(|layer| &*layer.op))?;
        let Some(layer) = layer else { break };
        let out = tensors.dimensions(&format!("{name}, out of its layer"), &layer.out)?;
        tensors.expect(format_args!("{name}, output shape"), &out, &output.shape)?;
        let site = Site {
            tensors: &tensors,
            name,
            layer,
            op,
            input: before,
            output,
        };
        steps.push(translate(&site)?);
    }
    let left = layers.next().map(|layer| &layer.op);
    tensors.expect("layers, beyond the operators of int8_graph", None, left)?;

    let feature = &manifest.feature;
    let what = "int8_graph: the last output, elements and quantization";
    let declared = (
        feature.dim,
        (
            tensors.scale("feature, i8_scale", feature.i8_scale)?,
            tensors.int8("feature, i8_zero_point", feature.i8_zero_point)?,
        ),
    );
    let found = (newest.elements() as u64, newest.quantization());
    tensors.expect(what, declared, found)?;
    Ok(Plan { steps, input })
}
