use core::iter::repeat_n;

use crate::lanes::{LANES, accumulate};
use crate::window::{Span, Window};
use crate::{FixedPoint, Layer, OutputRange};

/// A two-dimensional convolution with one quantization scale an output channel (`CONV_2D`).
///
/// ```text
/// sum    = bias + Σ weight · (input - input_zero_point)        i32
/// output = clamp(zero_point + round(round(sum · multiplier)))  i8
/// ```
/// Source: `tflite::reference_integer_ops::ConvPerChannel`. A tap on padding adds nothing there;
/// here it counts as the input's zero point, which is the same, so that
/// `-input_zero_point · Σ weight` can be part of the bias and leave the inner loop.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a> {
    /// Kernel, strides, padding and shapes.
    pub window: Window,
    /// The input's zero point: the value of a padded element.
    pub input_zero_point: i8,
    /// The output's zero point and range.
    pub output: OutputRange,
    /// `[channels / LANES, kernel height, kernel width, input channels, LANES]`, see [`LANES`].
    pub weights: &'a [[i8; LANES]],
    /// One an output channel.
    pub channels: &'a [ConvChannel],
}

/// What an output channel of a convolution needs beside its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvChannel {
    /// The bias; in a [`Conv2d`] minus the input's zero point times the sum of the channel's
    /// weights.
    pub bias: i32,
    /// `input scale · weight scale / output scale`.
    pub factor: FixedPoint,
}

impl Conv2d<'_> {
    /// `sums` with the window at `rows` and `columns` added, for one group of channels.
    #[inline(always)]
    fn window_sums(
        &self,
        mut sums: [i32; LANES],
        group: &[[i8; LANES]],
        input: &[i8],
        rows: Span,
        columns: Span,
    ) -> [i32; LANES] {
        let depth = usize::from(self.window.input.channels);
        let [_, kernel_width] = self.window.kernel;
        let row = usize::from(kernel_width) * depth;
        let (above, rest) = split(group, rows.before * row);
        let (on_input, below) = split(rest, rows.taps * row);
        sums = self.padding_sums(sums, above);
        let runs = self.window.runs(input, rows, columns);
        for (run, weights) in runs.zip(on_input.chunks_exact(row.max(1))) {
            if run.len() == weights.len() {
                sums = accumulate(sums, run.iter(), weights);
                continue;
            }
            let (left, rest) = split(weights, columns.before * depth);
            let (middle, right) = split(rest, columns.taps * depth);
            sums = self.padding_sums(sums, left);
            sums = accumulate(sums, run.iter(), middle);
            sums = self.padding_sums(sums, right);
        }
        self.padding_sums(sums, below)
    }

    /// `sums` with taps that lie on padding added.
    #[inline(never)]
    fn padding_sums(&self, sums: [i32; LANES], weights: &[[i8; LANES]]) -> [i32; LANES] {
        accumulate(
            sums,
            repeat_n(&self.input_zero_point, weights.len()),
            weights,
        )
    }
}

/// `slice` cut at `at`, or all of it where it is too short.
fn split<T>(slice: &[T], at: usize) -> (&[T], &[T]) {
    slice.split_at_checked(at).unwrap_or((slice, &[]))
}

impl Layer for Conv2d<'_> {
    fn input_len(&self) -> usize {
        self.window.input.len()
    }

    fn output_len(&self) -> usize {
        self.window.output.len()
    }

    fn run(&self, input: &[i8], output: &mut [i8]) {
        let [kernel_height, kernel_width] = self.window.kernel;
        let taps = usize::from(kernel_height) * usize::from(kernel_width);
        let group = taps * usize::from(self.window.input.channels);
        self.window.slide(output, |rows, columns, pixel| {
            let groups = self
                .weights
                .chunks_exact(group.max(1))
                .zip(self.channels.chunks(LANES));
            for (out, (weights, channels)) in pixel.chunks_mut(LANES).zip(groups) {
                let mut sums = [0; LANES];
                for (sum, channel) in sums.iter_mut().zip(channels) {
                    *sum = channel.bias;
                }
                let sums = self.window_sums(sums, weights, input, rows, columns);
                for ((out, sum), channel) in out.iter_mut().zip(sums).zip(channels) {
                    *out = self.output.place(channel.factor.apply(sum));
                }
            }
        });
    }
}
