//! Adam's two moments in 16 bits, scales included.

use super::codec::{Codec, Coded, part};
use super::{Compact, Dither};
use crate::optimizer::{Adam, AdamW, NesterovAdam, Optimizer, Row, SCRATCH, Slot, SlotStorage};
use crate::tensor::{View, ViewMut};
use crate::variable::{Buffer, Storage};
use crate::{Real, Schedule, Zeroed};

/// The moments of Adam and its kin in 8 bits each: 6 bytes a parameter with the weight.
///
/// - The second moment s as a number of 6 bits of exponent and 2 of fraction, from 2⁻⁴⁷ to
///   1.5·2¹⁶ (gradients from 8·10⁻⁸ to 310), in steps of 14 to 25 %.
/// - The first moment m in units of √s, as a number of 4 bits of exponent and 3 of fraction with a
///   sign, from 2⁻¹² to 14, in steps of 7 to 12 %. More than |m| ≤ 7.3·√s never comes (with β₁ 0.9
///   and β₂ 0.999; by Cauchy's inequality).
///
/// So each element's second moment is the scale of its first, and no block needs a scale of its
/// own, which would take more than 6 bytes. What Adam uses is the ratio m/√s, whose relative
/// precision is the same for large and small gradients; with scales of blocks, as in 8-bit Adam
/// (Dettmers et al. 2021), the second moments that are small beside the largest of their block
/// become 0. Steps are coarse, but right on average.
///
/// Saved as `…/Adam_m8` (int8, sign and magnitude, −128 never) and `…/Adam_v8` (uint8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments8;

/// An optimizer whose two slots are a first moment and a second moment of the gradient.
pub trait Moments: for<'a> Optimizer<Row<'a> = [&'a mut [f32]; 2]> {}

impl<L: Schedule, B1: Schedule, B2: Schedule, E: Schedule> Moments for Adam<L, B1, B2, E> {}
impl<L: Schedule, B1: Schedule, B2: Schedule, E: Schedule> Moments for NesterovAdam<L, B1, B2, E> {}
impl<L: Schedule> Moments for AdamW<L> {}

impl<O: Moments> Codec<O> for Moments8 {
    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "m",
            variable: "Adam_m8",
        },
        Slot {
            name: "v",
            variable: "Adam_v8",
        },
    ];
    type Slots<V: Storage> = Codes<V>;
    type Row<'a> = CodesRow<'a>;
}

/// Both moments of a whole variable.
pub struct Codes<V: Storage> {
    first: V::Of<i8>,
    second: V::Of<u8>,
}

impl<V: Storage> Zeroed for Codes<V> {
    const ZERO: Self = Self {
        first: V::Of::<i8>::ZERO,
        second: V::Of::<u8>::ZERO,
    };
}

impl<O: Moments, V: Storage> SlotStorage<Compact<O, Moments8>> for Codes<V> {
    /// Both moments start at 0.
    fn initialize(&mut self, _: &Compact<O, Moments8>) {
        self.first.all_mut().fill(0);
        self.second.all_mut().fill(0);
    }

    fn row(&mut self, start: usize, len: usize) -> CodesRow<'_> {
        let first = self.first.all_mut().get_mut(start..).unwrap_or_default();
        let second = self.second.all_mut().get_mut(start..).unwrap_or_default();
        CodesRow {
            first: first.get_mut(..len).unwrap_or_default(),
            second: second.get_mut(..len).unwrap_or_default(),
            start,
        }
    }

    fn view(&self, index: usize) -> Option<View<'_>> {
        match index {
            0 => Some(View::I8(self.first.all())),
            1 => Some(View::U8(self.second.all())),
            _ => None,
        }
    }

    fn view_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        match index {
            0 => Some(ViewMut::I8(self.first.all_mut())),
            1 => Some(ViewMut::U8(self.second.all_mut())),
            _ => None,
        }
    }
}

/// Both moments of some elements.
#[derive(Debug)]
pub struct CodesRow<'a> {
    first: &'a mut [i8],
    second: &'a mut [u8],
    start: usize,
}

impl Row for CodesRow<'_> {
    fn mismatch(&self, len: usize) -> Option<usize> {
        let lengths = [self.first.len(), self.second.len()];
        lengths.into_iter().find(|&found| found != len)
    }
}

impl<O: Moments> Coded<O> for CodesRow<'_> {
    fn start(&self) -> usize {
        self.start
    }

    fn change(
        &mut self,
        first: usize,
        len: usize,
        dither: &mut Dither,
        update: impl FnOnce([&mut [f32]; 2]),
    ) {
        let mut numbers = [[0.0; SCRATCH]; 2];
        let [m, s] = &mut numbers;
        let codes = self.first.iter().zip(&*self.second).skip(first).take(len);
        for ((m, s), (&code1, &code2)) in m.iter_mut().zip(&mut *s).zip(codes) {
            *s = SECOND.decode(code2);
            let ratio = FIRST.decode(code1.unsigned_abs());
            let magnitude = ratio * root(*s);
            *m = if code1 < 0 { -magnitude } else { magnitude };
        }
        update([part(m, len), part(s, len)]);
        let codes = self.first.iter_mut().zip(&mut *self.second);
        for ((m, s), (code1, code2)) in m.iter().zip(&*s).zip(codes.skip(first).take(len)) {
            *code2 = SECOND.encode(*s, dither.next_u32());
            // In units of what will be read back, so that the product is right on average.
            let scale = root(SECOND.decode(*code2));
            let magnitude = match scale > 0.0 {
                true => FIRST.encode(m.abs() / scale, dither.next_u32()),
                false => 0,
            };
            let magnitude = i8::try_from(magnitude).unwrap_or(i8::MAX);
            *code1 = if *m < 0.0 { -magnitude } else { magnitude };
        }
    }
}

fn root(x: f32) -> f32 {
    Real::new(x).sqrt().get()
}

/// Positive numbers of few bits: the upper bits of an `f32`, counted from a smallest one. Code 0
/// stands for 0.
#[derive(Debug, Clone, Copy)]
struct Tiny {
    /// Bits of an `f32` that are left out.
    dropped: u32,
    /// What stays of the bits of the number before the smallest.
    base: u32,
    /// The largest code.
    largest: u32,
}

/// 2 bits of fraction, from 2⁻⁴⁷ on.
const SECOND: Tiny = Tiny::new(-47, 2, 255);
/// 3 bits of fraction, from 2⁻¹² on.
const FIRST: Tiny = Tiny::new(-12, 3, 127);

impl Tiny {
    const fn new(smallest: i32, fraction: u32, largest: u32) -> Self {
        Self {
            dropped: 23 - fraction,
            base: (((127 + smallest) as u32) << fraction) - 1,
            largest,
        }
    }

    fn decode(self, code: u8) -> f32 {
        match code {
            0 => 0.0,
            _ => f32::from_bits((u32::from(code) + self.base) << self.dropped),
        }
    }

    /// One of the two codes next to `x`, so that it is right on average; the largest for what is
    /// larger or no number.
    fn encode(self, x: f32, random: u32) -> u8 {
        let smallest = f32::from_bits((self.base + 1) << self.dropped);
        if x < smallest {
            // Between 0 and the smallest.
            let chance = x / smallest * (1u64 << 32) as f32;
            return u8::from((random as f32) < chance);
        }
        let dithered = x.to_bits().saturating_add(random >> (32 - self.dropped));
        let code = (dithered >> self.dropped).saturating_sub(self.base);
        u8::try_from(code.min(self.largest)).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_as_themselves() {
        for (tiny, largest) in [(SECOND, 255u8), (FIRST, 127)] {
            for code in 0..=largest {
                for random in [0, 1 << 31, u32::MAX] {
                    assert_eq!(tiny.encode(tiny.decode(code), random), code, "{tiny:?}");
                }
            }
        }
        assert_eq!(SECOND.decode(1), 2f32.powi(-47));
        assert_eq!(SECOND.decode(255), 1.5 * 2f32.powi(16));
        assert_eq!(FIRST.decode(1), 2f32.powi(-12));
        assert_eq!(FIRST.decode(127), 14.0);
    }

    #[test]
    fn rounding_is_right_on_average() {
        for x in [1e-15f32, 3.3e-9, 0.011, 0.9, 1.0, 57.3, 6e4] {
            let mut sum = 0.0f64;
            for random in 0..=u32::from(u16::MAX) {
                let random = random << 16 | 0x8000;
                sum += f64::from(SECOND.decode(SECOND.encode(x, random)));
            }
            let relative = sum / 65_536.0 / f64::from(x) - 1.0;
            assert!(relative.abs() < 1e-4, "{x}: {relative}");
        }
    }

    #[test]
    fn what_is_out_of_range_has_the_nearest_code() {
        for x in [1e9, f32::MAX, f32::INFINITY, f32::NAN] {
            assert_eq!(SECOND.encode(x, 0), 255);
            assert_eq!(FIRST.encode(x, 0), 127);
        }
        assert_eq!(SECOND.encode(0.0, 0), 0);
        assert_eq!(SECOND.encode(-1.0, 0), 0);
        assert_eq!(SECOND.encode(1e-30, 1 << 31), 0);
    }
}
