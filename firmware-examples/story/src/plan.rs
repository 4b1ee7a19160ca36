use backbone::{
    Activations, AveragePool2d, Conv2d, ConvChannel, Dense, DenseChannel, DepthwiseConv2d, LANES,
    Layer, MaxPool2d, OutputRange, Window,
};

/// The backbone as the device runs it: layers with their constants, reshapes left out.
#[derive(Debug)]
pub struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) input: usize,
}

/// One layer, which owns its constants.
#[derive(Debug)]
pub enum Step {
    /// A [`Conv2d`].
    Conv2d {
        /// See [`Conv2d::window`].
        window: Window,
        /// See [`Conv2d::input_zero_point`].
        input_zero_point: i8,
        /// See [`Conv2d::output`].
        output: OutputRange,
        /// See [`Conv2d::weights`].
        weights: Vec<[i8; LANES]>,
        /// See [`Conv2d::channels`].
        channels: Vec<ConvChannel>,
    },
    /// A [`DepthwiseConv2d`].
    DepthwiseConv2d {
        /// See [`DepthwiseConv2d::window`].
        window: Window,
        /// See [`DepthwiseConv2d::multiplier`].
        multiplier: u16,
        /// See [`DepthwiseConv2d::input_zero_point`].
        input_zero_point: i8,
        /// See [`DepthwiseConv2d::output`].
        output: OutputRange,
        /// See [`DepthwiseConv2d::weights`].
        weights: Vec<i8>,
        /// See [`DepthwiseConv2d::channels`].
        channels: Vec<ConvChannel>,
    },
    /// A [`Dense`] layer.
    Dense {
        /// See [`Dense::inputs`].
        inputs: u16,
        /// See [`Dense::output`].
        output: OutputRange,
        /// See [`Dense::weights`].
        weights: Vec<[i8; LANES]>,
        /// See [`Dense::channels`].
        channels: Vec<DenseChannel>,
    },
    /// A [`MaxPool2d`].
    MaxPool2d(MaxPool2d),
    /// An [`AveragePool2d`].
    AveragePool2d(AveragePool2d),
}

impl Step {
    /// Calls `what` with the layer.
    fn with<R>(&self, what: impl FnOnce(&dyn Layer) -> R) -> R {
        match self {
            Step::Conv2d {
                window,
                input_zero_point,
                output,
                weights,
                channels,
            } => what(&Conv2d {
                window: *window,
                input_zero_point: *input_zero_point,
                output: *output,
                weights,
                channels,
            }),
            Step::DepthwiseConv2d {
                window,
                multiplier,
                input_zero_point,
                output,
                weights,
                channels,
            } => what(&DepthwiseConv2d {
                window: *window,
                multiplier: *multiplier,
                input_zero_point: *input_zero_point,
                output: *output,
                weights,
                channels,
            }),
            Step::Dense {
                inputs,
                output,
                weights,
                channels,
            } => what(&Dense {
                inputs: *inputs,
                output: *output,
                weights,
                channels,
            }),
            Step::MaxPool2d(layer) => what(layer),
            Step::AveragePool2d(layer) => what(layer),
        }
    }

    /// The number of multiplications that TensorFlow Lite makes in this layer, padding included.
    pub(crate) fn macs(&self) -> usize {
        match self {
            Step::Conv2d { window, .. } => {
                window.output.len() * taps(window) * usize::from(window.input.channels)
            }
            Step::DepthwiseConv2d { window, .. } => window.output.len() * taps(window),
            Step::Dense {
                inputs, channels, ..
            } => usize::from(*inputs) * channels.len(),
            Step::MaxPool2d(_) | Step::AveragePool2d(_) => 0,
        }
    }

    /// The number of elements that the layer writes.
    pub(crate) fn output_len(&self) -> usize {
        self.with(|layer| layer.output_len())
    }
}

/// The number of positions under a window.
fn taps(window: &Window) -> usize {
    let [height, width] = window.kernel;
    usize::from(height) * usize::from(width)
}

impl Plan {
    /// The layers in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The scratch that [`Backbone::run`](backbone::Backbone::run) needs, in bytes: the largest
    /// sum of a layer's input and output, where the first layer's input lies elsewhere.
    pub fn activations(&self) -> usize {
        let mut input = 0;
        let mut most = if self.steps.is_empty() { self.input } else { 0 };
        for step in &self.steps {
            let output = step.output_len();
            most = most.max(input + output);
            input = output;
        }
        most
    }

    /// Multiplications a sample.
    pub fn macs(&self) -> usize {
        self.steps.iter().map(Step::macs).sum()
    }

    /// The features of `input`, computed by the device's code.
    pub fn features<'s>(
        &self,
        input: &[i8],
        scratch: &'s mut [i8],
    ) -> Result<&'s [i8], backbone::Error> {
        let mut activations = Activations::new(input, scratch);
        for step in &self.steps {
            step.with(|layer| activations.step(layer))?;
        }
        activations.finish()
    }
}
