use crate::lanes::{LANES, accumulate};
use crate::requantize::round;
use crate::{Layer, OutputRange};

/// A dense layer (`FULLY_CONNECTED`), with one quantization scale an output or one for all.
///
/// ```text
/// sum    = bias + Σ weight · (input - input_zero_point)   i32
/// output = clamp(zero_point + round(f64(sum) · scale))    i8
/// ```
/// Source: `tflite::reference_integer_ops::FullyConnectedPerChannel` (and `FullyConnected`), as the
/// reference resolver calls them.
///
/// # Why there are doubles in an integer kernel
/// TensorFlow Lite has two ways back to int8. Its optimized kernels, and its reference
/// *convolution*, multiply by a fixed-point factor that rounds twice (see [`FixedPoint`]); its
/// reference *dense* kernel multiplies the sum by the real scale in double precision and rounds
/// once. The two agree except where the real result lies just below a half: the first rounding of
/// the fixed-point form carries it to the half and the second away from it. In the story
/// `kws_newspeaker`, 19 of 48,000 features are such cases (13.49977 is one), and come out one
/// higher in fixed point. The doubles cost one software multiplication an output, not one a
/// weight.
///
/// [`FixedPoint`]: crate::FixedPoint
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    /// The number of inputs.
    pub inputs: u16,
    /// The output's zero point and range.
    pub output: OutputRange,
    /// `[channels / LANES, inputs, LANES]`, see [`LANES`].
    pub weights: &'a [[i8; LANES]],
    /// One an output.
    pub channels: &'a [DenseChannel],
}

/// What an output of a [`Dense`] layer needs beside its weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DenseChannel {
    /// The bias minus the input's zero point times the sum of the output's weights.
    pub bias: i32,
    /// `f64(input scale) · f64(weight scale) / f64(output scale)`, in this order.
    pub scale: f64,
}

impl Layer for Dense<'_> {
    fn input_len(&self) -> usize {
        usize::from(self.inputs)
    }

    fn output_len(&self) -> usize {
        self.channels.len()
    }

    fn run(&self, input: &[i8], output: &mut [i8]) {
        let groups = self.weights.chunks_exact(usize::from(self.inputs).max(1));
        let channels = self.channels.chunks(LANES);
        for (out, (weights, channels)) in output.chunks_mut(LANES).zip(groups.zip(channels)) {
            let mut sums = [0; LANES];
            for (sum, channel) in sums.iter_mut().zip(channels) {
                *sum = channel.bias;
            }
            let sums = accumulate(sums, input.iter(), weights);
            for ((out, sum), channel) in out.iter_mut().zip(sums).zip(channels) {
                *out = self.output.place(round(f64::from(sum) * channel.scale));
            }
        }
    }
}
