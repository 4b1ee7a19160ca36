//! Where a kernel's window lies on its input.

/// Height, width and channels of a tensor, stored row by row with the channels innermost (NHWC,
/// one sample).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub height: u16,
    /// Columns.
    pub width: u16,
    /// Channels.
    pub channels: u16,
}

impl Shape {
    /// The number of elements.
    pub const fn len(self) -> usize {
        self.height as usize * self.row()
    }

    /// Whether there is no element at all.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of elements in a row.
    pub(crate) const fn row(self) -> usize {
        self.width as usize * self.channels as usize
    }
}

/// A window that slides over an input: the geometry of convolutions and poolings.
///
/// Padding is given as rows above and columns to the left, which is all that the arithmetic needs.
/// TensorFlow's `SAME` puts `total / 2` there, where
/// `total = max(0, (output - 1) · stride + kernel - input)`; `VALID` puts 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The input's shape.
    pub input: Shape,
    /// The output's shape.
    pub output: Shape,
    /// The window's height and width.
    pub kernel: [u16; 2],
    /// Steps down and to the right.
    pub stride: [u16; 2],
    /// Padding above and to the left.
    pub pad: [u16; 2],
}

/// The part of a window that lies on the input, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Taps that fall on padding before the input.
    pub(crate) before: usize,
    /// The input position under the first tap that is not on padding.
    pub(crate) start: usize,
    /// Taps that fall on the input.
    pub(crate) taps: usize,
}

impl Span {
    fn new(step: usize, input: u16, kernel: u16, stride: u16, pad: u16) -> Span {
        let moved = step * usize::from(stride);
        let before = usize::from(pad).saturating_sub(moved);
        let start = moved.saturating_sub(usize::from(pad));
        let left_of_kernel = usize::from(kernel).saturating_sub(before);
        let left_of_input = usize::from(input).saturating_sub(start);
        Span {
            before,
            start,
            taps: left_of_kernel.min(left_of_input),
        }
    }
}

impl Window {
    /// The rows under the window for output row `row`.
    pub(crate) fn rows(&self, row: usize) -> Span {
        let [kernel, _] = self.kernel;
        let [stride, _] = self.stride;
        let [pad, _] = self.pad;
        Span::new(row, self.input.height, kernel, stride, pad)
    }

    /// The columns under the window for output column `column`.
    pub(crate) fn columns(&self, column: usize) -> Span {
        let [_, kernel] = self.kernel;
        let [_, stride] = self.stride;
        let [_, pad] = self.pad;
        Span::new(column, self.input.width, kernel, stride, pad)
    }

    /// The runs of input elements under the window, one a row: `columns.taps` pixels each, with
    /// all their channels.
    pub(crate) fn runs<'i>(
        &self,
        input: &'i [i8],
        rows: Span,
        columns: Span,
    ) -> impl Iterator<Item = &'i [i8]> {
        let channels = usize::from(self.input.channels);
        let row = self.input.row().max(1);
        let from = columns.start * channels;
        let length = columns.taps * channels;
        input
            .get(rows.start * row..)
            .unwrap_or_default()
            .chunks(row)
            .take(rows.taps)
            .map(move |row| row.get(from..from + length).unwrap_or_default())
    }

    /// Calls `each` with the window's rows and columns and with the output's pixel, for each
    /// pixel of `output`.
    pub(crate) fn slide(&self, output: &mut [i8], mut each: impl FnMut(Span, Span, &mut [i8])) {
        let pixel = usize::from(self.output.channels).max(1);
        let pixels_in_a_row = self.output.row().max(1);
        for (y, row) in output.chunks_exact_mut(pixels_in_a_row).enumerate() {
            let rows = self.rows(y);
            for (x, pixel) in row.chunks_exact_mut(pixel).enumerate() {
                each(rows, self.columns(x), pixel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_counts_the_taps_that_lie_on_the_input() {
        // 5 columns, kernel 3, stride 2, one column of padding on each side.
        let span = |step| Span::new(step, 5, 3, 2, 1);
        assert_eq!(
            span(0),
            Span {
                before: 1,
                start: 0,
                taps: 2
            },
            "left border"
        );
        assert_eq!(
            span(1),
            Span {
                before: 0,
                start: 1,
                taps: 3
            },
            "inside"
        );
        assert_eq!(
            span(2),
            Span {
                before: 0,
                start: 3,
                taps: 2
            },
            "right border"
        );
    }

    #[test]
    fn a_kernel_larger_than_its_input_keeps_what_overlaps() {
        assert_eq!(
            Span::new(0, 2, 7, 1, 3),
            Span {
                before: 3,
                start: 0,
                taps: 2
            }
        );
        assert_eq!(
            Span::new(1, 2, 7, 1, 3),
            Span {
                before: 2,
                start: 0,
                taps: 2
            }
        );
    }
}
