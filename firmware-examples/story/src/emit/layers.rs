//! The frozen layers as tables.

use std::fmt::Write;

use backbone::{ConvChannel, FixedPoint, LANES, OutputRange, Shape, Window};

use super::{Module, bytes_of};
use crate::Story;
use crate::plan::Step;

/// The layers' tables, their chain and its type.
pub(super) fn emit(module: &mut Module, story: &Story) {
    let (mut kind, mut value, mut close) = (String::new(), String::new(), String::new());
    for (number, step) in story.plan.steps().iter().enumerate() {
        let (name, lifetime, fields) = layer(module, number, step);
        // Writing to a string cannot fail.
        let _ = write!(kind, "({name}{lifetime}, ");
        let _ = write!(value, "(\n    {name} {{\n{fields}    }},\n");
        close.push(')');
    }
    module.line("/// The kinds of the frozen layers.");
    module.line(&format!("pub type Layers = {kind}(){close};"));
    module.line("/// The frozen layers.");
    module.line(&format!(
        "pub static BACKBONE: ::backbone::Backbone<Layers, INPUT, FEATURES> = \
         ::backbone::Backbone::new({value}(){close});"
    ));
}

/// A layer's type, its lifetime and its fields; its tables become statics of their own.
fn layer(module: &mut Module, number: usize, step: &Step) -> (&'static str, &'static str, String) {
    let tables = Tables {
        number,
        weights: format!("LAYER{number}_WEIGHTS"),
        channels: format!("LAYER{number}_CHANNELS"),
    };
    let (name, lifetime, fields) = match step {
        Step::Conv2d {
            window,
            input_zero_point,
            output,
            weights,
            channels,
        } => {
            tables.lanes(module, weights);
            tables.conv_channels(module, channels);
            let fields = vec![
                ("window", window_text(*window)),
                ("input_zero_point", input_zero_point.to_string()),
                ("output", range_text(*output)),
            ];
            ("::backbone::Conv2d", "<'static>", tables.fields(fields))
        }
        Step::DepthwiseConv2d {
            window,
            multiplier,
            input_zero_point,
            output,
            weights,
            channels,
        } => {
            tables.weights(module, &format!("[i8; {}]", weights.len()), weights);
            tables.conv_channels(module, channels);
            let fields = vec![
                ("window", window_text(*window)),
                ("multiplier", multiplier.to_string()),
                ("input_zero_point", input_zero_point.to_string()),
                ("output", range_text(*output)),
            ];
            (
                "::backbone::DepthwiseConv2d",
                "<'static>",
                tables.fields(fields),
            )
        }
        Step::Dense {
            inputs,
            output,
            weights,
            channels,
        } => {
            tables.lanes(module, weights);
            tables.channels(
                module,
                "DenseChannel",
                channels.iter().map(|channel| {
                    let (bias, scale) = (channel.bias, channel.scale);
                    format!("::backbone::DenseChannel {{ bias: {bias}, scale: {scale:?} }}")
                }),
            );
            let fields = vec![
                ("inputs", inputs.to_string()),
                ("output", range_text(*output)),
            ];
            ("::backbone::Dense", "<'static>", tables.fields(fields))
        }
        Step::MaxPool2d(layer) => {
            let fields = pool_fields(layer.window, layer.min, layer.max);
            ("::backbone::MaxPool2d", "", fields)
        }
        Step::AveragePool2d(layer) => {
            let fields = pool_fields(layer.window, layer.min, layer.max);
            ("::backbone::AveragePool2d", "", fields)
        }
    };
    let mut text = String::new();
    for (field, value) in fields {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "        {field}: {value},");
    }
    (name, lifetime, text)
}

type Fields = Vec<(&'static str, String)>;

/// The statics that hold a layer's constants.
struct Tables {
    number: usize,
    weights: String,
    channels: String,
}

impl Tables {
    /// `fields`, and those that point to the tables.
    fn fields(&self, mut fields: Fields) -> Fields {
        fields.push(("weights", format!("&{}", self.weights)));
        fields.push(("channels", format!("&{}", self.channels)));
        fields
    }

    fn lanes(&self, module: &mut Module, weights: &[[i8; LANES]]) {
        let kind = format!("[[i8; ::backbone::LANES]; {}]", weights.len());
        self.weights(module, &kind, weights.as_flattened());
    }

    fn weights(&self, module: &mut Module, kind: &str, weights: &[i8]) {
        let doc = format!("The weights of layer {}.", self.number);
        module.blob(&doc, &self.weights, kind, bytes_of(weights));
    }

    fn conv_channels(&self, module: &mut Module, channels: &[ConvChannel]) {
        self.channels(
            module,
            "ConvChannel",
            channels.iter().map(|channel| {
                let FixedPoint { multiplier, shift } = channel.factor;
                format!(
                    "::backbone::ConvChannel {{ bias: {}, factor: ::backbone::FixedPoint \
                 {{ multiplier: {multiplier}, shift: {shift} }} }}",
                    channel.bias
                )
            }),
        );
    }

    fn channels(
        &self,
        module: &mut Module,
        kind: &str,
        rows: impl ExactSizeIterator<Item = String>,
    ) {
        let (number, name, length) = (self.number, &self.channels, rows.len());
        module.line(&format!("/// The channels of layer {number}."));
        module.line(&format!(
            "pub static {name}: [::backbone::{kind}; {length}] = ["
        ));
        for row in rows {
            module.line(&format!("    {row},"));
        }
        module.line("];");
    }
}

fn pool_fields(window: Window, min: i8, max: i8) -> Fields {
    vec![
        ("window", window_text(window)),
        ("min", min.to_string()),
        ("max", max.to_string()),
    ]
}

fn window_text(window: Window) -> String {
    let Window {
        input,
        output,
        kernel,
        stride,
        pad,
    } = window;
    let (input, output) = (shape_text(input), shape_text(output));
    format!(
        "::backbone::Window {{ input: {input}, output: {output}, kernel: {kernel:?}, \
         stride: {stride:?}, pad: {pad:?} }}"
    )
}

fn shape_text(shape: Shape) -> String {
    let Shape {
        height,
        width,
        channels,
    } = shape;
    format!("::backbone::Shape {{ height: {height}, width: {width}, channels: {channels} }}")
}

fn range_text(range: OutputRange) -> String {
    let OutputRange {
        zero_point,
        min,
        max,
    } = range;
    format!("::backbone::OutputRange {{ zero_point: {zero_point}, min: {min}, max: {max} }}")
}
