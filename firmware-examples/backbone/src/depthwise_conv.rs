use crate::{ConvChannel, Layer, OutputRange, Window};

/// A convolution in which each output channel sees one input channel (`DEPTHWISE_CONV_2D`).
///
/// Output channel `c` sees input channel `c / multiplier`, where `multiplier` is the number of
/// output channels for each input channel. The arithmetic is [`Conv2d`](crate::Conv2d)'s, but the
/// input's zero point stays in the loop: there are too few taps a channel for it to matter.
///
/// Source: `tflite::reference_integer_ops::DepthwiseConvPerChannel`.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseConv2d<'a> {
    /// Kernel, strides, padding and shapes.
    pub window: Window,
    /// Output channels for each input channel.
    pub multiplier: u16,
    /// The input's zero point.
    pub input_zero_point: i8,
    /// The output's zero point and range.
    pub output: OutputRange,
    /// `[kernel height, kernel width, output channels]`.
    pub weights: &'a [i8],
    /// One an output channel; the bias as it is, nothing folded into it.
    pub channels: &'a [ConvChannel],
}

impl Layer for DepthwiseConv2d<'_> {
    fn input_len(&self) -> usize {
        self.window.input.len()
    }

    fn output_len(&self) -> usize {
        self.window.output.len()
    }

    fn run(&self, input: &[i8], output: &mut [i8]) {
        let inputs = usize::from(self.window.input.channels).max(1);
        let outputs = self.channels.len().max(1);
        let multiplier = usize::from(self.multiplier).max(1);
        let [_, kernel_width] = self.window.kernel;
        let row = (usize::from(kernel_width) * outputs).max(1);
        let zero_point = i32::from(self.input_zero_point);
        self.window.slide(output, |rows, columns, pixel| {
            let channels = self.channels.iter().enumerate();
            for (out, (number, channel)) in pixel.iter_mut().zip(channels) {
                let first = columns.before * outputs + number;
                let weights = self.weights.chunks_exact(row).skip(rows.before);
                let mut sum = channel.bias;
                for (run, weights) in self.window.runs(input, rows, columns).zip(weights) {
                    let run = run.iter().skip(number / multiplier).step_by(inputs);
                    let weights = weights.iter().skip(first).step_by(outputs);
                    for (&x, &weight) in run.zip(weights) {
                        let product = (i32::from(x) - zero_point) * i32::from(weight);
                        sum = sum.wrapping_add(product);
                    }
                }
                *out = self.output.place(channel.factor.apply(sum));
            }
        });
    }
}
