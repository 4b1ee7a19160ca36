use crate::{Layer, Window};

/// The mean of the elements under each window, channel by channel (`AVERAGE_POOL_2D`), rounded to
/// the nearest, ties away from zero. Padding does not count, neither in the sum nor in the number
/// of elements.
///
/// Source: `tflite::reference_integer_ops::AveragePool`.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool2d {
    /// Kernel, strides, padding and shapes.
    pub window: Window,
    /// The smallest output.
    pub min: i8,
    /// The largest output.
    pub max: i8,
}

impl Layer for AveragePool2d {
    fn input_len(&self) -> usize {
        self.window.input.len()
    }

    fn output_len(&self) -> usize {
        self.window.output.len()
    }

    fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = usize::from(self.window.input.channels).max(1);
        self.window.slide(output, |rows, columns, pixel| {
            // A window that misses the input has no mean; such a table is refused when generated.
            let count = ((rows.taps * columns.taps) as i32).max(1);
            for (channel, out) in pixel.iter_mut().enumerate() {
                let mut sum = 0i32;
                for run in self.window.runs(input, rows, columns) {
                    for &x in run.iter().skip(channel).step_by(channels) {
                        sum = sum.wrapping_add(i32::from(x));
                    }
                }
                let half = if sum > 0 { count / 2 } else { -(count / 2) };
                let mean = sum.wrapping_add(half) / count;
                // The bounds are int8, so the narrowing keeps the value.
                *out = mean.max(i32::from(self.min)).min(i32::from(self.max)) as i8;
            }
        });
    }
}
