use crate::{Layer, Window};

/// The largest element under each window, channel by channel (`MAX_POOL_2D`). Padding does not
/// count.
///
/// Source: `tflite::reference_integer_ops::MaxPool`.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool2d {
    /// Kernel, strides, padding and shapes.
    pub window: Window,
    /// The smallest output.
    pub min: i8,
    /// The largest output.
    pub max: i8,
}

impl Layer for MaxPool2d {
    fn input_len(&self) -> usize {
        self.window.input.len()
    }

    fn output_len(&self) -> usize {
        self.window.output.len()
    }

    fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = usize::from(self.window.input.channels).max(1);
        self.window.slide(output, |rows, columns, pixel| {
            pixel.fill(self.min);
            for run in self.window.runs(input, rows, columns) {
                for under in run.chunks_exact(channels) {
                    for (out, &x) in pixel.iter_mut().zip(under) {
                        *out = x.max(*out);
                    }
                }
            }
            for out in pixel {
                *out = self.max.min(*out);
            }
        });
    }
}
