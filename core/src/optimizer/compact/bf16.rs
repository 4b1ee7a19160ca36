//! Slots of bfloat16.

use super::codec::{Codec, Coded, part};
use super::{Compact, Dither};
use crate::Zeroed;
use crate::optimizer::{Optimizer, Row, SCRATCH, Slot, SlotStorage};
use crate::tensor::{View, ViewMut};
use crate::variable::{Buffer, Storage};

/// Every slot as bfloat16, the upper half of an `f32`: two bytes, 8 bits of precision. For any
/// optimizer; the tensors keep their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bf16;

impl<O, const N: usize> Codec<O> for Bf16
where
    O: for<'a> Optimizer<Row<'a> = [&'a mut [f32]; N]>,
{
    const SLOTS: &'static [Slot] = O::SLOTS;
    type Slots<V: Storage> = Halves<V, N>;
    type Row<'a> = HalvesRow<'a, N>;
}

/// `N` slots of a whole variable.
pub struct Halves<V: Storage, const N: usize>([V::Of<u16>; N]);

impl<V: Storage, const N: usize> Zeroed for Halves<V, N> {
    const ZERO: Self = Self([V::Of::<u16>::ZERO; N]);
}

impl<O, V: Storage, const N: usize> SlotStorage<Compact<O, Bf16>> for Halves<V, N>
where
    O: for<'a> Optimizer<Row<'a> = [&'a mut [f32]; N]>,
{
    fn initialize(&mut self, optimizer: &Compact<O, Bf16>) {
        for (index, slot) in self.0.iter_mut().enumerate() {
            slot.all_mut()
                .fill(encode(optimizer.initial(index), NEAREST));
        }
    }

    fn row(&mut self, start: usize, len: usize) -> HalvesRow<'_, N> {
        let slots = self.0.each_mut().map(|slot| {
            let rest = slot.all_mut().get_mut(start..).unwrap_or_default();
            rest.get_mut(..len).unwrap_or_default()
        });
        HalvesRow { slots, start }
    }

    fn view(&self, index: usize) -> Option<View<'_>> {
        self.0.get(index).map(|slot| View::Bf16(slot.all()))
    }

    fn view_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        let slot = self.0.get_mut(index);
        slot.map(|slot| ViewMut::Bf16(slot.all_mut()))
    }
}

/// `N` slots of some elements.
#[derive(Debug)]
pub struct HalvesRow<'a, const N: usize> {
    slots: [&'a mut [u16]; N],
    start: usize,
}

impl<const N: usize> Row for HalvesRow<'_, N> {
    fn mismatch(&self, len: usize) -> Option<usize> {
        let mut lengths = self.slots.iter().map(|slot| slot.len());
        lengths.find(|&found| found != len)
    }
}

impl<O, const N: usize> Coded<O> for HalvesRow<'_, N>
where
    O: for<'a> Optimizer<Row<'a> = [&'a mut [f32]; N]>,
{
    fn start(&self) -> usize {
        self.start
    }

    fn change(
        &mut self,
        first: usize,
        len: usize,
        dither: &mut Dither,
        update: impl FnOnce([&mut [f32]; N]),
    ) {
        let mut numbers = [[0.0; SCRATCH]; N];
        for (numbers, slot) in numbers.iter_mut().zip(&self.slots) {
            let codes = slot.iter().skip(first).take(len);
            for (number, &code) in numbers.iter_mut().zip(codes) {
                *number = f32::from_bits(u32::from(code) << 16);
            }
        }
        update(numbers.each_mut().map(|numbers| part(numbers, len)));
        for (numbers, slot) in numbers.iter().zip(&mut self.slots) {
            let codes = slot.iter_mut().skip(first).take(len);
            for (&number, code) in numbers.iter().zip(codes) {
                *code = encode(number, dither.next_u32());
            }
        }
    }
}

/// Instead of random bits: rounds to nearest.
const NEAREST: u32 = 0x8000;

/// The upper half of a number, to which 16 random bits were added below. What is no finite number
/// stays so.
fn encode(x: f32, random: u32) -> u16 {
    let bits = x.to_bits();
    let (dithered, infinite) = (bits.wrapping_add(random & 0xffff), f32::INFINITY.to_bits());
    match bits & !(1 << 31) {
        magnitude if magnitude < infinite => (dithered >> 16) as u16,
        magnitude if magnitude == infinite => (bits >> 16) as u16,
        // A bit that every NaN has.
        _ => (bits >> 16) as u16 | 0x40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_right_on_average_and_what_fits_stays() {
        for x in [1.003f32, -0.7, 1e-30, 3.0e5, 0.0] {
            let mut sum = 0.0f64;
            for random in 0..65_536u32 {
                sum += f64::from(f32::from_bits(u32::from(encode(x, random)) << 16));
            }
            let error = (sum / 65_536.0 - f64::from(x)).abs();
            assert!(error <= f64::from(x.abs()) * 1e-7, "{x}: {error}");
        }
        for x in [1.5f32, -2.0, f32::INFINITY, f32::NEG_INFINITY, 0.0] {
            let code = encode(x, u32::MAX);
            assert_eq!(f32::from_bits(u32::from(code) << 16), x);
        }
        let nan = encode(f32::from_bits(0x7f80_0001), u32::MAX);
        assert!(f32::from_bits(u32::from(nan) << 16).is_nan());
    }
}
