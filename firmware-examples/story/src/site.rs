//! What the layers have in common when they are read.

use std::fmt::Debug;

use backbone::{OutputRange, Shape, Window};

use crate::Error;
use crate::manifest::{Layer, Op, Tensor};
use crate::quantize::{Activation, output_range};
use crate::tensors::{Activation8, Tensors};

/// A layer in its place: both descriptions and the tensors around it.
pub(crate) struct Site<'a> {
    pub(crate) tensors: &'a Tensors<'a>,
    /// What error texts call it.
    pub(crate) name: String,
    pub(crate) layer: &'a Layer,
    pub(crate) op: &'a Op,
    pub(crate) input: Activation8,
    pub(crate) output: Activation8,
}

impl Site<'_> {
    pub(crate) fn expect<T: PartialEq + Debug>(
        &self,
        what: &str,
        expected: T,
        found: T,
    ) -> Result<(), Error> {
        let what = format!("{}, {what}", self.name);
        self.tensors.expect(what, expected, found)
    }

    fn fault(&self, what: &str, expected: &str, found: impl Debug) -> Error {
        let what = format!("{}, {what}", self.name);
        self.tensors.fault(what, expected, found)
    }

    /// A key of the layer's entry, which must be there.
    pub(crate) fn key<T: Copy>(&self, key: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.fault("its entry in layers", &format!("the key {key:?}"), "none"))
    }

    /// The filter and its weights.
    pub(crate) fn filter(&self) -> Result<(&Tensor, Vec<i8>), Error> {
        let (tensor, bytes) = self.constant(1, "int8")?;
        Ok((tensor, bytes.iter().map(|&byte| byte as i8).collect()))
    }

    /// The biases of `channels` channels, which are 0 where the layer has none.
    pub(crate) fn biases(&self, channels: u16) -> Result<Vec<i32>, Error> {
        if let None | Some(-1) = self.op.inputs.get(2) {
            return Ok(vec![0; usize::from(channels)]);
        }
        let (_, bytes) = self.constant(2, "int32")?;
        let (values, _) = bytes.as_chunks();
        self.expect("length of the bias", usize::from(channels), values.len())?;
        let values = values.iter().map(|&bytes| i32::from_le_bytes(bytes));
        Ok(values.collect())
    }

    /// The operator's `number`th input, a constant of type `dtype`.
    fn constant(&self, number: usize, dtype: &str) -> Result<(&Tensor, &[u8]), Error> {
        let Some(&index) = self.op.inputs.get(number) else {
            let expected = format!("more than {number}");
            return Err(self.fault("inputs", &expected, &self.op.inputs));
        };
        self.tensors.constant(index, dtype)
    }

    /// The filter's shape, of `N` dimensions.
    pub(crate) fn filter_shape<const N: usize>(&self, filter: &Tensor) -> Result<[u16; N], Error> {
        let what = format!("{}, filter", self.name);
        let shape = self.tensors.dimensions(&what, &filter.shape)?;
        let sized = <[u16; N]>::try_from(&shape[..]);
        sized.map_err(|_| self.fault("filter", &format!("{N} dimensions"), &shape))
    }

    /// `input scale · weight scale / output scale` of each output channel, in double precision and
    /// in this order, as `tflite::PopulateConvolutionQuantizationParams` has it.
    pub(crate) fn scales(&self, filter: &Tensor, channels: u16) -> Result<Vec<f64>, Error> {
        let mut zero_points = filter.zero_points.iter();
        let shifted = zero_points.find(|&&zero_point| zero_point != 0);
        self.expect("filter, a zero point other than 0", None, shifted)?;
        let (scales, channels) = (&filter.scales, usize::from(channels));
        if scales.len() != 1 && scales.len() != channels {
            let expected = format!("1 or {channels}");
            return Err(self.fault("filter, number of scales", &expected, scales.len()));
        }
        let what = format!("{}, filter, scale", self.name);
        let mut real = Vec::new();
        for &scale in scales.iter().cycle().take(channels) {
            let scale = self.tensors.scale(&what, scale)?;
            let product = f64::from(self.input.scale) * f64::from(scale);
            real.push(product / f64::from(self.output.scale));
        }
        Ok(real)
    }

    /// The output's zero point and what the activation leaves of its range.
    pub(crate) fn output_range(&self) -> Result<OutputRange, Error> {
        let name = self.layer.act.as_deref();
        let Some(activation) = Activation::named(name) else {
            return Err(self.fault("act of its layer", Activation::NAMES, name));
        };
        let (scale, zero_point) = self.output.quantization();
        Ok(output_range(activation, scale, zero_point))
    }

    /// The window, after a check that it makes the output out of the input.
    pub(crate) fn window(
        &self,
        kernel: [u16; 2],
        stride: [u64; 2],
        padding: &str,
    ) -> Result<Window, Error> {
        let (input, output) = (self.image(&self.input)?, self.image(&self.output)?);
        let what = format!("{}, stride", self.name);
        let [down, right] = stride;
        let stride = [
            self.tensors.dimension(&what, down)?,
            self.tensors.dimension(&what, right)?,
        ];
        let Some(padding) = Padding::named(padding) else {
            return Err(self.fault("pad", "\"same\" or \"valid\"", padding));
        };
        let [(height, above), (width, left)] = [
            padding.reach(input.height, kernel[0], stride[0]),
            padding.reach(input.width, kernel[1], stride[1]),
        ];
        let found = (u32::from(output.height), u32::from(output.width));
        self.expect("output height and width", (height, width), found)?;
        let pad = [above, left];
        Ok(Window {
            input,
            output,
            kernel,
            stride,
            pad,
        })
    }

    fn image(&self, tensor: &Activation8) -> Result<Shape, Error> {
        let [height, width, channels] = tensor.shape[..] else {
            let expected = "height, width and channels";
            return Err(self.fault("shape of input and output", expected, &tensor.shape));
        };
        Ok(Shape {
            height,
            width,
            channels,
        })
    }
}

/// TensorFlow's two ways to place windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Padding {
    Same,
    Valid,
}

impl Padding {
    fn named(name: &str) -> Option<Padding> {
        match name {
            "same" => Some(Padding::Same),
            "valid" => Some(Padding::Valid),
            _ => None,
        }
    }

    /// The output's side and the padding before the input (`tflite::ComputePaddingHeightWidth`).
    fn reach(self, side: u16, kernel: u16, stride: u16) -> (u32, u16) {
        let (side, kernel, stride) = (u32::from(side), u32::from(kernel), u32::from(stride));
        match self {
            Padding::Same => {
                let out = side.div_ceil(stride);
                let all = ((out - 1) * stride + kernel).saturating_sub(side);
                // Less than the kernel's side.
                (out, (all / 2) as u16)
            }
            Padding::Valid => ((side + stride).saturating_sub(kernel) / stride, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_row_after_the_input() {
        assert_eq!(Padding::Same.reach(20, 3, 2), (10, 0));
        assert_eq!(Padding::Same.reach(8, 3, 1), (8, 1));
        assert_eq!(Padding::Same.reach(5, 4, 3), (2, 1));
        assert_eq!(
            Padding::Same.reach(2, 1, 2),
            (1, 0),
            "a stride beyond the kernel"
        );
    }

    #[test]
    fn valid_windows_lie_on_the_input() {
        assert_eq!(Padding::Valid.reach(8, 3, 2), (3, 0));
        assert_eq!(Padding::Valid.reach(3, 3, 1), (1, 0));
        assert_eq!(
            Padding::Valid.reach(2, 4, 1),
            (0, 0),
            "a kernel beyond the input"
        );
    }
}
