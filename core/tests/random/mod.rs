//! Random tensors, and what is compared of them.

use crate::bag::Elements;
use gradlet::Crc32c;
use gradlet::checkpoint::{Piece, Tensor};
use gradlet::tensor::View;

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }
}

/// Elements of a random type and length, among them runs of zeros and of one value.
pub(crate) fn elements(random: &mut Random) -> Elements {
    let len = [0, 1, 2, 3, 31, 32, 33, 64, 200, 700][random.below(10) as usize];
    let style = random.below(4);
    let mut run = 0;
    let mut value = 0u64;
    let bits: Vec<u64> = (0..len)
        .map(|_| {
            if run == 0 {
                run = 1 + random.below([1, 3, 40, 100_000][style as usize]);
                let x = u64::from(random.next()) << 32 | u64::from(random.next());
                value = if random.below(2) == 0 { 0 } else { x };
            }
            run -= 1;
            value
        })
        .collect();
    match random.below(6) {
        0 => Elements::F32(bits.iter().map(|&x| f32::from_bits(x as u32)).collect()),
        1 => Elements::I64(bits.iter().map(|&x| x as i64).collect()),
        2 => Elements::U32(bits.iter().map(|&x| x as u32).collect()),
        3 => Elements::Bf16(bits.iter().map(|&x| x as u16).collect()),
        4 => Elements::U8(bits.iter().map(|&x| x as u8).collect()),
        _ => Elements::I8(bits.iter().map(|&x| x as i8).collect()),
    }
}

pub(crate) fn raw_bytes(view: &View<'_>) -> Vec<u8> {
    let mut bytes = vec![0; view.byte_len()];
    view.copy_le(0, &mut bytes);
    bytes
}

pub(crate) fn decoded(tensor: &Tensor<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    tensor.decode(|piece| match piece {
        Piece::Elements(elements) => bytes.extend_from_slice(elements),
        Piece::Repeated { element, count } => {
            (0..count).for_each(|_| bytes.extend_from_slice(element));
        }
    });
    bytes
}

pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(bytes);
    crc.value()
}
