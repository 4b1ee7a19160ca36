//! From the manifest's layers and the int8 graph to a [`Plan`].
//!
//! The two lists describe the same layers: `layers` has strides, paddings and activations,
//! `int8_graph` the tensors. They are walked side by side; flattening and reshaping move nothing
//! in memory and are only checked.

use std::path::PathBuf;

use backbone::{
    AveragePool2d, ConvChannel, DenseChannel, LANES, MaxPool2d, OutputRange, Shape, Window,
};

use crate::Error;
use crate::error::expect;
use crate::folder::Folder;
use crate::manifest::{Layer, Op, Tensor};
use crate::plan::{Plan, Step};
use crate::quantize::{Activation, fixed_point, output_range};

/// Layers that a device can run: the name in `layers` and the operator in `int8_graph`.
const KINDS: [(&str, &str, Make); 4] = [
    ("conv2d", "CONV_2D", conv),
    ("dense", "FULLY_CONNECTED", dense),
    ("maxpool", "MAX_POOL_2D", max_pool),
    ("avgpool", "AVERAGE_POOL_2D", average_pool),
];

type Make = fn(&Site<'_>) -> Result<Step, Error>;

/// A layer with its tensors.
struct Site<'a> {
    graph: &'a Int8Graph<'a>,
    /// What error texts call it.
    name: String,
    layer: &'a Layer,
    op: &'a Op,
    input: Activation8,
    output: Activation8,
}

/// A quantized activation tensor.
#[derive(Clone, Debug, PartialEq)]
struct Activation8 {
    /// Without the batch.
    shape: Vec<u16>,
    scale: f32,
    zero_point: i8,
}

/// The int8 graph and the constants that it points to.
struct Int8Graph<'a> {
    manifest: PathBuf,
    blob: PathBuf,
    tensors: &'a [Tensor],
    constants: Vec<u8>,
}

/// Reads the plan of `folder`'s backbone.
pub(crate) fn plan(folder: &Folder) -> Result<Plan, Error> {
    let manifest = &folder.manifest;
    let graph = Int8Graph {
        manifest: folder.manifest_path(),
        blob: folder.path().join("backbone_int8.bin"),
        tensors: &manifest.int8_graph.tensors,
        constants: folder.bytes("backbone_int8.bin")?,
    };
    let fault = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
        Error::mismatch(&graph.manifest, what, expected, found)
    };

    let layers = manifest.layers.iter().filter(|layer| layer.op != "flatten");
    let ops = &manifest.int8_graph.ops;
    let mut layers = layers.enumerate();
    let mut newest = match ops.first().and_then(|op| op.inputs.first()) {
        Some(&input) => input,
        None => {
            return Err(fault(
                "int8_graph, ops",
                &"at least one, with inputs",
                &ops.len(),
            ));
        }
    };
    let first = graph.activation(newest)?;
    let declared = Activation8 {
        shape: graph.dimensions("input, shape", &manifest.input.shape)?,
        scale: manifest.input.tflite_scale as f32,
        zero_point: graph.int8("input, tflite_zero_point", manifest.input.tflite_zero_point)?,
    };
    expect(
        &graph.manifest,
        "int8_graph: the first operator's input",
        &declared,
        &first,
    )?;

    let mut steps = Vec::new();
    for (number, op) in ops.iter().enumerate() {
        let name = format!("int8_graph, ops[{number}] ({})", op.op);
        let source = op.inputs.first().copied();
        expect(
            &graph.manifest,
            format_args!("{name}, its input"),
            Some(newest),
            source,
        )?;
        let [target] = op.outputs[..] else {
            return Err(fault(
                &format!("{name}, number of outputs"),
                &1,
                &op.outputs.len(),
            ));
        };
        let (input, output) = (graph.activation(newest)?, graph.activation(target)?);
        newest = target;
        if op.op == "RESHAPE" {
            let what = format!("{name}, output");
            let (before, after) = (elements(&input.shape), elements(&output.shape));
            expect(
                &graph.manifest,
                format_args!("{what}, elements"),
                before,
                after,
            )?;
            let (before, after) = (
                (input.scale, input.zero_point),
                (output.scale, output.zero_point),
            );
            expect(
                &graph.manifest,
                format_args!("{what}, quantization"),
                before,
                after,
            )?;
            continue;
        }
        let Some((kind, _, make)) = KINDS.iter().find(|(_, operator, _)| *operator == op.op) else {
            let known: Vec<_> = KINDS.iter().map(|(_, operator, _)| *operator).collect();
            return Err(fault(
                &name,
                &format_args!("RESHAPE or one of {known:?}"),
                &op.op,
            ));
        };
        let Some((_, layer)) = layers.next() else {
            return Err(fault(
                &format!("{name}, its entry in layers"),
                kind,
                &"none left",
            ));
        };
        expect(
            &graph.manifest,
            format_args!("{name}, its entry in layers"),
            *kind,
            &*layer.op,
        )?;
        let out = graph.dimensions(&format!("{name}, out of its layer"), &layer.out)?;
        expect(
            &graph.manifest,
            format_args!("{name}, output shape"),
            &out,
            &output.shape,
        )?;
        steps.push(make(&Site {
            graph: &graph,
            name,
            layer,
            op,
            input,
            output,
        })?);
    }
    if let Some((number, layer)) = layers.next() {
        let what = format!("layers: entry {number} without flattening");
        return Err(fault(&what, &"an operator in int8_graph", &layer.op));
    }

    let last = graph.activation(newest)?;
    let declared = &manifest.feature;
    let what = "int8_graph: the last operator's output";
    let length = declared.dim as usize;
    expect(
        &graph.manifest,
        format_args!("{what}, elements"),
        length,
        elements(&last.shape),
    )?;
    let declared = (
        declared.i8_scale as f32,
        graph.int8("feature, i8_zero_point", declared.i8_zero_point)?,
    );
    let found = (last.scale, last.zero_point);
    expect(
        &graph.manifest,
        format_args!("{what}, quantization"),
        declared,
        found,
    )?;
    Ok(Plan {
        steps,
        input: elements(&first.shape),
    })
}

fn conv(site: &Site<'_>) -> Result<Step, Error> {
    let (filter, weights) = site.constant(1, "int8")?;
    let [input, output] = [site.image(&site.input)?, site.image(&site.output)?];
    let [channels, height, width, depth] = site.shape_of(filter, "filter")?;
    site.expect("filter, output channels", output.channels, channels)?;
    site.expect("filter, input channels", input.channels, depth)?;
    if let Some(dilation) = site.layer.dilation {
        site.expect("dilation", [1, 1], dilation)?;
    }
    let Some(stride) = site.layer.stride else {
        return Err(site.missing("stride"));
    };
    let Some(padding) = &site.layer.pad else {
        return Err(site.missing("pad"));
    };
    let window = site.window(input, output, [height, width], stride, padding)?;
    let group = usize::from(height) * usize::from(width) * usize::from(depth);
    let weights: Vec<i8> = weights.iter().map(|&byte| byte as i8).collect();
    let biases = site.folded_biases(&weights, group, channels)?;
    let factors = site.scales(filter, channels)?.into_iter().map(fixed_point);
    Ok(Step::Conv2d {
        window,
        input_zero_point: site.input.zero_point,
        output: site.output_range()?,
        weights: interleave(&weights, group),
        channels: biases
            .into_iter()
            .zip(factors)
            .map(|(bias, factor)| ConvChannel { bias, factor })
            .collect(),
    })
}

fn dense(site: &Site<'_>) -> Result<Step, Error> {
    let (filter, weights) = site.constant(1, "int8")?;
    let [outputs, inputs] = site.shape_of(filter, "filter")?;
    site.expect(
        "filter, outputs",
        elements(&site.output.shape),
        usize::from(outputs),
    )?;
    site.expect(
        "filter, inputs",
        elements(&site.input.shape),
        usize::from(inputs),
    )?;
    let group = usize::from(inputs);
    let weights: Vec<i8> = weights.iter().map(|&byte| byte as i8).collect();
    let biases = site.folded_biases(&weights, group, outputs)?;
    Ok(Step::Dense {
        inputs,
        output: site.output_range()?,
        weights: interleave(&weights, group),
        channels: biases
            .into_iter()
            .zip(site.scales(filter, outputs)?)
            .map(|(bias, scale)| DenseChannel { bias, scale })
            .collect(),
    })
}

fn max_pool(site: &Site<'_>) -> Result<Step, Error> {
    let (window, OutputRange { min, max, .. }) = pool(site)?;
    Ok(Step::MaxPool2d(MaxPool2d { window, min, max }))
}

fn average_pool(site: &Site<'_>) -> Result<Step, Error> {
    let (window, OutputRange { min, max, .. }) = pool(site)?;
    Ok(Step::AveragePool2d(AveragePool2d { window, min, max }))
}

fn pool(site: &Site<'_>) -> Result<(Window, OutputRange), Error> {
    let [input, output] = [site.image(&site.input)?, site.image(&site.output)?];
    site.expect("output channels", input.channels, output.channels)?;
    let quantization = |tensor: &Activation8| (tensor.scale, tensor.zero_point);
    site.expect(
        "output quantization",
        quantization(&site.input),
        quantization(&site.output),
    )?;
    let Some(pool) = site.layer.pool else {
        return Err(site.missing("pool"));
    };
    let mut kernel = [0; 2];
    for (side, wanted) in kernel.iter_mut().zip(pool) {
        *side = site
            .graph
            .dimension(&format!("{}, pool", site.name), wanted)?;
    }
    // Keras' defaults, which the manifest leaves out.
    let stride = site.layer.stride.unwrap_or(pool);
    let padding = site.layer.pad.as_deref().unwrap_or("valid");
    let window = site.window(input, output, kernel, stride, padding)?;
    Ok((window, site.output_range()?))
}

/// Groups of [`LANES`] rows of `length` weights, interleaved and filled up with zeros.
fn interleave(rows: &[i8], length: usize) -> Vec<[i8; LANES]> {
    let rows: Vec<&[i8]> = rows.chunks_exact(length).collect();
    let mut interleaved = Vec::new();
    for group in rows.chunks(LANES) {
        for tap in 0..length {
            let mut lanes = [0; LANES];
            for (lane, row) in lanes.iter_mut().zip(group) {
                *lane = row[tap];
            }
            interleaved.push(lanes);
        }
    }
    interleaved
}

fn elements(shape: &[u16]) -> usize {
    shape.iter().map(|&n| usize::from(n)).product()
}

impl Site<'_> {
    fn expect<T: PartialEq + std::fmt::Debug>(
        &self,
        what: &str,
        expected: T,
        found: T,
    ) -> Result<(), Error> {
        expect(
            &self.graph.manifest,
            format_args!("{}, {what}", self.name),
            expected,
            found,
        )
    }

    fn missing(&self, key: &str) -> Error {
        let what = format!("{}, its entry in layers", self.name);
        Error::mismatch(
            &self.graph.manifest,
            what,
            format_args!("{key:?}"),
            "no such key",
        )
    }

    /// The operator's `number`th input, a constant of type `dtype`.
    fn constant(&self, number: usize, dtype: &str) -> Result<(&Tensor, &[u8]), Error> {
        let Some(&index) = self.op.inputs.get(number) else {
            let (expected, found) = (number + 1, self.op.inputs.len());
            let what = format!("{}, number of inputs", self.name);
            return Err(Error::mismatch(&self.graph.manifest, what, expected, found));
        };
        self.graph.constant(index, dtype)
    }

    fn shape_of<const N: usize>(&self, tensor: &Tensor, what: &str) -> Result<[u16; N], Error> {
        let what = format!("{}, {what}, shape", self.name);
        let shape = self.graph.dimensions(&what, &tensor.shape)?;
        <[u16; N]>::try_from(&shape[..]).map_err(|_| {
            let expected = format!("{N} dimensions");
            Error::mismatch(
                &self.graph.manifest,
                what,
                expected,
                format_args!("{shape:?}"),
            )
        })
    }

    fn image(&self, tensor: &Activation8) -> Result<Shape, Error> {
        let [height, width, channels] = tensor.shape[..] else {
            let what = format!("{}, input and output", self.name);
            let found = format!("{:?}", tensor.shape);
            return Err(Error::mismatch(
                &self.graph.manifest,
                what,
                "[height, width, channels]",
                found,
            ));
        };
        Ok(Shape {
            height,
            width,
            channels,
        })
    }

    /// The window, after a check that it makes `output` out of `input`.
    fn window(
        &self,
        input: Shape,
        output: Shape,
        kernel: [u16; 2],
        stride: [u64; 2],
        padding: &str,
    ) -> Result<Window, Error> {
        let mut window = Window {
            input,
            output,
            kernel,
            stride: [1; 2],
            pad: [0; 2],
        };
        let sides = [(input.height, output.height), (input.width, output.width)];
        for (axis, (side, out)) in sides.into_iter().enumerate() {
            let what = format!("{}, stride", self.name);
            let stride = self.graph.dimension(&what, stride[axis])?;
            let kernel = kernel[axis];
            let (computed, before) = match padding {
                "same" => {
                    let computed = side.div_ceil(stride);
                    let reach = (u32::from(computed) - 1) * u32::from(stride) + u32::from(kernel);
                    (computed, reach.saturating_sub(u32::from(side)) / 2)
                }
                "valid" => (
                    (u32::from(side) + u32::from(stride))
                        .saturating_sub(u32::from(kernel))
                        .checked_div(u32::from(stride))
                        .unwrap_or(0) as u16,
                    0,
                ),
                _ => {
                    let what = format!("{}, pad", self.name);
                    let manifest = &self.graph.manifest;
                    return Err(Error::mismatch(
                        manifest,
                        what,
                        "\"same\" or \"valid\"",
                        padding,
                    ));
                }
            };
            self.expect(["output height", "output width"][axis], computed, out)?;
            window.stride[axis] = stride;
            // Less than the kernel's side.
            window.pad[axis] = before as u16;
        }
        Ok(window)
    }

    fn output_range(&self) -> Result<OutputRange, Error> {
        let name = self.layer.act.as_deref();
        let Some(activation) = Activation::named(name) else {
            let what = format!("{}, act of its layer", self.name);
            let found = format!("{name:?}");
            return Err(Error::mismatch(
                &self.graph.manifest,
                what,
                Activation::NAMES,
                found,
            ));
        };
        Ok(output_range(
            activation,
            self.output.scale,
            self.output.zero_point,
        ))
    }

    /// The biases, each with what the input's zero point adds over `group` weights.
    fn folded_biases(
        &self,
        weights: &[i8],
        group: usize,
        channels: u16,
    ) -> Result<Vec<i32>, Error> {
        // A layer without a bias has no third input, or -1.
        let biases = match self.op.inputs.get(2) {
            None | Some(-1) => vec![0; usize::from(channels)],
            Some(_) => {
                let (_, bytes) = self.constant(2, "int32")?;
                let (values, _) = bytes.as_chunks();
                values
                    .iter()
                    .map(|&bytes| i32::from_le_bytes(bytes))
                    .collect()
            }
        };
        self.expect("length of the bias", usize::from(channels), biases.len())?;
        let zero_point = i32::from(self.input.zero_point);
        Ok(biases
            .into_iter()
            .zip(weights.chunks_exact(group))
            .map(|(bias, row)| {
                let sum = row
                    .iter()
                    .fold(0i32, |sum, &w| sum.wrapping_add(i32::from(w)));
                bias.wrapping_sub(zero_point.wrapping_mul(sum))
            })
            .collect())
    }

    /// `input scale · weight scale / output scale` of each output channel, in double precision and
    /// in this order, as `tflite::PopulateConvolutionQuantizationParams` has it.
    fn scales(&self, filter: &Tensor, channels: u16) -> Result<Vec<f64>, Error> {
        let what = |part: &str| format!("{}, filter, {part}", self.name);
        if let Some(&zero_point) = filter
            .zero_points
            .iter()
            .find(|&&zero_point| zero_point != 0)
        {
            return Err(Error::mismatch(
                &self.graph.manifest,
                what("zero point"),
                0,
                zero_point,
            ));
        }
        let (scales, channels) = (&filter.scales, usize::from(channels));
        if scales.len() != 1 && scales.len() != channels {
            let expected = format!("1 or {channels}");
            let found = scales.len();
            return Err(Error::mismatch(
                &self.graph.manifest,
                what("number of scales"),
                expected,
                found,
            ));
        }
        let mut real = Vec::new();
        for &scale in scales.iter().cycle().take(channels) {
            let scale = self.graph.scale(&what("scale"), scale)?;
            let product = f64::from(self.input.scale) * f64::from(scale);
            real.push(product / f64::from(self.output.scale));
        }
        Ok(real)
    }
}

impl Int8Graph<'_> {
    fn tensor(&self, index: i64) -> Result<&Tensor, Error> {
        self.tensors
            .iter()
            .find(|tensor| tensor.index == index)
            .ok_or_else(|| {
                let what = format!("int8_graph, tensors, index {index}");
                Error::mismatch(&self.manifest, what, "an entry", "none")
            })
    }

    /// An activation, without its batch of one.
    fn activation(&self, index: i64) -> Result<Activation8, Error> {
        let tensor = self.tensor(index)?;
        let what = |part: &str| format!("int8_graph, tensor {index}, {part}");
        expect(&self.manifest, what("dtype"), "int8", &*tensor.dtype)?;
        let (&[scale], &[zero_point]) = (&tensor.scales[..], &tensor.zero_points[..]) else {
            let found = format!("{} and {}", tensor.scales.len(), tensor.zero_points.len());
            let what = what("scales and zero points");
            return Err(Error::mismatch(&self.manifest, what, "1 and 1", found));
        };
        let Some((&batch, shape)) = tensor.shape.split_first() else {
            return Err(Error::mismatch(
                &self.manifest,
                what("shape"),
                "[1, ...]",
                "[]",
            ));
        };
        expect(&self.manifest, what("batch"), 1, batch)?;
        Ok(Activation8 {
            shape: self.dimensions(&what("shape"), shape)?,
            scale: self.scale(&what("scale"), scale)?,
            zero_point: self.int8(&what("zero point"), zero_point)?,
        })
    }

    fn constant(&self, index: i64, dtype: &str) -> Result<(&Tensor, &[u8]), Error> {
        let tensor = self.tensor(index)?;
        let what = |part: &str| format!("int8_graph, tensor {index}, {part}");
        expect(&self.manifest, what("dtype"), dtype, &*tensor.dtype)?;
        let (Some(offset), Some(bytes)) = (tensor.offset, tensor.bytes) else {
            let what = what("place");
            return Err(Error::mismatch(
                &self.manifest,
                what,
                "offset and bytes",
                "none",
            ));
        };
        let element = if dtype == "int32" { 4 } else { 1 };
        let length = tensor
            .shape
            .iter()
            .try_fold(element, |n: u64, &d| n.checked_mul(d));
        expect(&self.manifest, what("bytes"), length, Some(bytes))?;
        let end = offset.checked_add(bytes);
        let place = end.and_then(|end| self.constants.get(offset as usize..end as usize));
        let place = place.ok_or_else(|| {
            let expected = format!("{bytes} bytes at {offset} (tensor {index})");
            Error::mismatch(&self.blob, "length", expected, self.constants.len())
        })?;
        Ok((tensor, place))
    }

    fn dimensions(&self, what: &str, shape: &[u64]) -> Result<Vec<u16>, Error> {
        shape
            .iter()
            .map(|&dimension| self.dimension(what, dimension))
            .collect()
    }

    fn dimension(&self, what: &str, dimension: u64) -> Result<u16, Error> {
        u16::try_from(dimension)
            .ok()
            .filter(|&dimension| dimension > 0)
            .ok_or_else(|| {
                Error::mismatch(
                    &self.manifest,
                    what,
                    "dimensions from 1 to 65535",
                    dimension,
                )
            })
    }

    fn int8(&self, what: &str, value: i64) -> Result<i8, Error> {
        i8::try_from(value)
            .map_err(|_| Error::mismatch(&self.manifest, what, "a value from -128 to 127", value))
    }

    /// A scale: JSON has the shortest digits of a float32.
    fn scale(&self, what: &str, value: f64) -> Result<f32, Error> {
        let scale = value as f32;
        if scale.is_normal() && scale > 0.0 {
            return Ok(scale);
        }
        Err(Error::mismatch(
            &self.manifest,
            what,
            "a positive number",
            value,
        ))
    }
}
