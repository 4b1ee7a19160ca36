//! Figures: the numbers a program reports, a line each.
//!
//! The text is made by hand from integers, because `core::fmt` for floats costs more flash than
//! the training does and can panic.
use crate::console;
use embedded_io::Write;

/// A number to report.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A whole number, in decimal.
    Count(u32),
    /// Bits, in hexadecimal.
    Bits(u32),
    // The last one: where no program makes it, the compiler sees that and leaves its code out.
    /// A real number, with up to four digits after the point.
    Real(f32),
}

impl From<u32> for Value {
    fn from(count: u32) -> Self {
        Self::Count(count)
    }
}

impl From<f32> for Value {
    fn from(real: f32) -> Self {
        Self::Real(real)
    }
}

/// Prints the line `name value unit`.
pub fn figure(name: &str, value: impl Into<Value>, unit: &str) {
    print(name, value.into(), unit);
}

/// Writes the line `name value unit` to a line of the caller's.
///
/// # Errors
/// That of the line.
pub fn write_figure<W: Write>(
    line: &mut W,
    name: &str,
    value: impl Into<Value>,
    unit: &str,
) -> Result<(), W::Error> {
    let text = Text::of(value.into());
    for part in [
        name.as_bytes(),
        b" ",
        text.bytes(),
        b" ",
        unit.as_bytes(),
        b"\n",
    ] {
        line.write_all(part)?;
    }
    Ok(())
}

fn print(name: &str, value: Value, unit: &str) {
    if !console::PRINTS {
        return;
    }
    let text = Text::of(value);
    console::line(&[name.as_bytes(), b" ", text.bytes(), b" ", unit.as_bytes()]);
}

/// The most digits behind the point: an `f32` in the hundreds holds no more.
const DIGITS: usize = 4;

/// Digits, filled from the right. The longest number has ten before the point.
struct Text {
    bytes: [u8; 20],
    start: usize,
}

impl Text {
    fn new() -> Self {
        Self {
            bytes: [0; 20],
            start: 20,
        }
    }

    fn of(value: Value) -> Self {
        let mut text = Self::new();
        match value {
            Value::Count(count) => text.decimal(count, 1),
            Value::Bits(bits) => text.hexadecimal(bits),
            Value::Real(real) => text.real(real),
        }
        text
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.start) {
            *place = byte;
        }
    }

    /// At least `width` digits.
    fn decimal(&mut self, mut number: u32, width: usize) {
        let mut digits = 0;
        while digits < width || number > 0 {
            self.push(b'0' + (number % 10) as u8);
            number /= 10;
            digits += 1;
        }
    }

    fn hexadecimal(&mut self, bits: u32) {
        for nibble in 0..8 {
            let digit = (bits >> (4 * nibble) & 0xF) as u8;
            self.push(if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            });
        }
    }

    /// Beyond the largest `u32` only that is printed; such a figure is a mistake anyway.
    fn real(&mut self, real: f32) {
        /// Ten to the power of [`DIGITS`].
        const SCALE: u32 = 10_000;
        if real.is_nan() {
            return b"nan".iter().rev().for_each(|&byte| self.push(byte));
        }
        let magnitude = real.abs();
        let whole = magnitude as u32;
        let mut fraction = ((magnitude - whole as f32) * SCALE as f32 + 0.5) as u32;
        let carry = u32::from(fraction >= SCALE);
        fraction -= carry * SCALE;
        let mut digits = DIGITS;
        while digits > 1 && fraction.is_multiple_of(10) {
            fraction /= 10;
            digits -= 1;
        }
        self.decimal(fraction, digits);
        self.push(b'.');
        self.decimal(whole.saturating_add(carry), 1);
        if real < 0.0 {
            self.push(b'-');
        }
    }
}
