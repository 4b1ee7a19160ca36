//! A slot of 8 bits in blocks.

use super::codec::{Codec, Coded, part};
use super::{Compact, Dither};
use crate::Schedule;
use crate::Zeroed;
use crate::optimizer::{Momentum, Row, SCRATCH, Slot, SlotStorage};
use crate::tensor::{Shape, View, ViewMut};
use crate::variable::{Buffer, Storage};

/// Momentum's slot in int8, in blocks with a common power of two: an error of less than 1.6 % of
/// the largest magnitude of the block, and none on average. A block is a row of a matrix (what
/// belongs to one feature) or a whole vector: 5 bytes a parameter with the weight, and one a block.
///
/// Saved as `…/Momentum_m8` (int8, q) and `…/Momentum_e8` (int8, e): the slot is q·2ᵉ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks8;

impl<L: Schedule, M: Schedule> Codec<Momentum<L, M>> for Blocks8 {
    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "momentum",
            variable: "Momentum_m8",
        },
        Slot {
            name: "exponent",
            variable: "Momentum_e8",
        },
    ];
    type Slots<V: Storage> = Blocks<V>;
    type Row<'a> = BlocksRow<'a>;
}

/// The slot of a whole variable.
pub struct Blocks<V: Storage> {
    codes: V::Of<i8>,
    exponents: V::PerRow<i8>,
}

impl<V: Storage> Zeroed for Blocks<V> {
    const ZERO: Self = Self {
        codes: V::Of::<i8>::ZERO,
        exponents: V::PerRow::<i8>::ZERO,
    };
}

impl<L: Schedule, M: Schedule, V: Storage> SlotStorage<Compact<Momentum<L, M>, Blocks8>>
    for Blocks<V>
{
    /// The slot starts at 0.
    fn initialize(&mut self, _: &Compact<Momentum<L, M>, Blocks8>) {
        self.codes.all_mut().fill(0);
        self.exponents.all_mut().fill(0);
    }

    fn row(&mut self, start: usize, len: usize) -> BlocksRow<'_> {
        let (codes, exponents) = (self.codes.all_mut(), self.exponents.all_mut());
        let end = start.saturating_add(len);
        let inner = codes.len().checked_div(exponents.len()).unwrap_or(0);
        let len = if end <= codes.len() { len } else { 0 };
        BlocksRow {
            codes,
            exponents,
            inner,
            start,
            len,
        }
    }

    fn view(&self, index: usize) -> Option<View<'_>> {
        match index {
            0 => Some(View::I8(self.codes.all())),
            1 => Some(View::I8(self.exponents.all())),
            _ => None,
        }
    }

    fn view_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        match index {
            0 => Some(ViewMut::I8(self.codes.all_mut())),
            1 => Some(ViewMut::I8(self.exponents.all_mut())),
            _ => None,
        }
    }

    fn shape(&self, index: usize, variable: Shape) -> Shape {
        match index {
            1 => Shape::vector(self.exponents.all().len()),
            _ => variable,
        }
    }
}

/// The slot of some elements, with the blocks they are in.
#[derive(Debug)]
pub struct BlocksRow<'a> {
    codes: &'a mut [i8],
    exponents: &'a mut [i8],
    /// Elements of a block.
    inner: usize,
    start: usize,
    len: usize,
}

impl Row for BlocksRow<'_> {
    fn mismatch(&self, len: usize) -> Option<usize> {
        Some(self.len).filter(|&found| found != len)
    }
}

impl<L: Schedule, M: Schedule> Coded<Momentum<L, M>> for BlocksRow<'_> {
    fn start(&self) -> usize {
        self.start
    }

    fn change(
        &mut self,
        first: usize,
        len: usize,
        dither: &mut Dither,
        update: impl FnOnce([&mut [f32]; 1]),
    ) {
        let mut numbers = [0.0; SCRATCH];
        let first = self.start + first;
        for (index, number) in (first..).zip(part(&mut numbers, len)) {
            let code = self.codes.get(index).copied().unwrap_or(0);
            *number = f32::from(code) * power(self.exponent(index));
        }
        update([part(&mut numbers, len)]);
        // A piece may reach over the end of a block.
        let mut rest = &*part(&mut numbers, len);
        let mut at = first;
        while !rest.is_empty() && self.inner > 0 {
            let in_block = self.inner - at % self.inner;
            let (here, after) = rest.split_at(in_block.min(rest.len()));
            self.put(at, here, dither);
            (at, rest) = (at + here.len(), after);
        }
    }
}

impl BlocksRow<'_> {
    fn exponent(&self, index: usize) -> i8 {
        let block = index.checked_div(self.inner).unwrap_or(0);
        self.exponents.get(block).copied().unwrap_or(0)
    }

    /// Encodes numbers of one block, from element `at` on; the others of the block follow where
    /// its exponent changes.
    fn put(&mut self, at: usize, numbers: &[f32], dither: &mut Dither) {
        let block = at.checked_div(self.inner).unwrap_or(0);
        let begin = block * self.inner;
        let Some(exponent) = self.exponents.get_mut(block) else {
            return;
        };
        let codes = self.codes.get_mut(begin..).unwrap_or_default();
        let codes = codes.get_mut(..self.inner).unwrap_or_default();
        let place = at - begin..at - begin + numbers.len();

        let scale = power(*exponent);
        let others = codes.iter().enumerate();
        let others = others.filter(|(index, _)| !place.contains(index));
        let others = others.map(|(_, &code)| f32::from(code) * scale);
        let largest = numbers.iter().copied().chain(others);
        // Of a NaN nothing is larger: it is encoded as 0, and the variable has it already.
        let largest = largest.fold(0.0f32, |largest, x| largest.max(x.abs()));
        let fitting = fitting(largest);

        if fitting != *exponent {
            for (index, code) in codes.iter_mut().enumerate() {
                if !place.contains(&index) {
                    let number = f32::from(*code) * scale;
                    *code = encode(number, fitting, dither.next_u32());
                }
            }
            *exponent = fitting;
        }
        for (code, &number) in codes.iter_mut().skip(place.start).zip(numbers) {
            *code = encode(number, fitting, dither.next_u32());
        }
    }
}

/// The smallest exponent e with `largest` ≤ 127·2ᵉ, between −126 and 121.
fn fitting(largest: f32) -> i8 {
    let exponent = (largest.to_bits() >> 23) as i32 - 127 - 6;
    // 127.5·2ᵉ would be rounded up to 128.
    let exponent = exponent.clamp(-126, 120);
    let exponent = i8::try_from(exponent).unwrap_or(0);
    match largest > 127.0 * power(exponent) {
        true => exponent + 1,
        false => exponent,
    }
}

/// 2ᵉ, for e from −126 to 127.
fn power(exponent: i8) -> f32 {
    let biased = u32::try_from(127 + i32::from(exponent)).unwrap_or(0);
    f32::from_bits(biased.clamp(1, 254) << 23)
}

/// One of the two codes next to a number, so that it is right on average; 0 for what is none.
fn encode(x: f32, exponent: i8, random: u32) -> i8 {
    if x.is_nan() {
        return 0;
    }
    // Below 256 an f32 has room for these 16 bits of fraction.
    let fraction = (random >> 16) as f32 * (1.0 / (1 << 16) as f32);
    let shifted = x / power(exponent) + 128.0 + fraction;
    // Positive, so that the conversion, which rounds towards zero, rounds down.
    let code = (shifted as i32).saturating_sub(128);
    i8::try_from(code.clamp(-127, 127)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_is_the_smallest_that_fits() {
        for largest in [
            1e-30f32, 1e-3, 0.99, 1.0, 63.9, 64.0, 126.9, 127.0, 127.1, 1e30,
        ] {
            let exponent = fitting(largest);
            let all = 127.0 * power(exponent);
            assert!(
                largest <= all && largest > all / 2.02,
                "{largest}: {exponent}"
            );
        }
        assert_eq!(fitting(0.0), -126);
        assert_eq!(fitting(f32::INFINITY), 121);
    }

    #[test]
    fn rounding_is_right_on_average_and_codes_stay() {
        for x in [0.3f32, -0.3, 5.77, -126.2, 126.9] {
            let mut sum = 0i64;
            for random in 0..65_536u32 {
                sum += i64::from(encode(x, 0, random << 16 | 0x8000));
            }
            let error = sum as f64 / 65_536.0 - f64::from(x);
            assert!(error.abs() < 1e-4, "{x}: {error}");
        }
        for code in -127i8..=127 {
            assert_eq!(encode(f32::from(code) * 0.25, -2, 0), code);
            assert_eq!(encode(f32::from(code) * 0.25, -2, u32::MAX), code);
        }
        assert_eq!(encode(f32::NAN, 0, 0), 0);
        assert_eq!(encode(f32::INFINITY, 121, 0), 127);
    }
}
