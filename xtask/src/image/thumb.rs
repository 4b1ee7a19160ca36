//! Thumb instructions, as far as they call, jump, move the stack pointer and make addresses.
use super::code::{Code, Flow, Reading};
use std::ops::Range;

/// Reads the function at `range`.
pub(super) fn function(code: &Code<'_>, range: &Range<u32>) -> Reading {
    let mut reading = Reading::default();
    let mut low = [None; 16];
    let mut address = range.start;
    while address < range.end {
        if code.is_data(address) {
            reading.words.extend(code.word(address));
            address += if address.is_multiple_of(4) { 4 } else { 2 };
            continue;
        }
        let Some(first) = code.halfword(address) else {
            break;
        };
        let length = length(first);
        let second = if length == 4 {
            code.halfword(address + 2).unwrap_or(0)
        } else {
            0
        };
        match half(first, second).filter(|_| length == 4) {
            Some((Half::Low, register, value)) => low[usize::from(register)] = Some(value),
            Some((Half::High, register, value)) => {
                let low = low[usize::from(register)].take();
                let word = low.map(|low| u32::from(value) << 16 | u32::from(low));
                reading.words.extend(word);
            }
            None => {}
        }
        reading.frame += u64::from(pushes(first, second));
        reading.follow(flow(address, first, second), range);
        address += length;
    }
    reading
}

/// Bytes of the instruction that begins with this halfword.
fn length(first: u16) -> u32 {
    if first >> 11 >= 0b11101 { 4 } else { 2 }
}

/// Where the instruction at `address` leads.
fn flow(address: u32, first: u16, second: u16) -> Flow {
    let target = |offset: i32| address.wrapping_add(4).wrapping_add_signed(offset);
    if length(first) == 2 {
        return match first {
            // blx, and bx but for the return
            _ if first & 0xff87 == 0x4780 => Flow::Anywhere,
            _ if first & 0xff87 == 0x4700 && first != 0x4770 => Flow::Anywhere,
            _ if first & 0xf800 == 0xe000 => {
                Flow::Jump(target(signed(u32::from(first & 0x7ff) << 1, 12)))
            }
            _ if first & 0xf000 == 0xd000 && first >> 8 & 15 < 14 => {
                Flow::Jump(target(signed(u32::from(first & 0xff) << 1, 9)))
            }
            _ => Flow::On,
        };
    }
    // ldr pc, from a table or a constant
    if first & 0xff70 == 0xf850 && second >> 12 == 15 {
        return Flow::Anywhere;
    }
    if first & 0xf800 != 0xf000 || second & 0x8000 == 0 {
        return Flow::On;
    }
    let bit = |value: u16, at: u32| u32::from(value >> at & 1);
    let (sign, j1, j2) = (bit(first, 10), bit(second, 13), bit(second, 11));
    let low = u32::from(second & 0x7ff) << 1;
    match second >> 12 & 0b0101 {
        // A condition, of which two codes are other instructions.
        0b0000 if first >> 6 & 15 < 14 => {
            let middle = u32::from(first & 0x3f) << 12;
            let offset = sign << 20 | j2 << 19 | j1 << 18 | middle | low;
            Flow::Jump(target(signed(offset, 21)))
        }
        kind @ (0b0001 | 0b0101) => {
            let middle = u32::from(first & 0x3ff) << 12;
            let (i1, i2) = (1 ^ j1 ^ sign, 1 ^ j2 ^ sign);
            let offset = sign << 24 | i1 << 23 | i2 << 22 | middle | low;
            let target = target(signed(offset, 25));
            if kind == 0b0101 {
                Flow::Call(target)
            } else {
                Flow::Jump(target)
            }
        }
        _ => Flow::On,
    }
}

/// By how many bytes the instruction makes the stack grow.
fn pushes(first: u16, second: u16) -> u32 {
    match first {
        // push; sub sp
        _ if first & 0xfe00 == 0xb400 => 4 * (first & 0x1ff).count_ones(),
        _ if first & 0xff80 == 0xb080 => u32::from(first & 0x7f) * 4,
        // stmdb sp!; a single register; vstmdb sp!; strd
        0xe92d => 4 * second.count_ones(),
        0xf84d if second & 0xfff == 0xd04 => 4,
        0xed2d | 0xed6d => 4 * u32::from(second & 0xff),
        0xe96d => 8,
        // sub.w sp, sp, with a constant in pieces, or a plain one
        0xf1ad | 0xf5ad if second >> 8 & 15 == 13 => modified(first, second),
        0xf2ad | 0xf6ad if second >> 8 & 15 == 13 => {
            u32::from(first >> 10 & 1) << 11
                | u32::from(second >> 12 & 7) << 8
                | u32::from(second & 0xff)
        }
        _ => 0,
    }
}

/// A constant as data-processing instructions have it: a byte, moved to some place.
fn modified(first: u16, second: u16) -> u32 {
    let pieces = u32::from(first >> 10 & 1) << 11
        | u32::from(second >> 12 & 7) << 8
        | u32::from(second & 0xff);
    let byte = pieces & 0xff;
    match pieces >> 8 {
        0 => byte,
        1 => byte << 16 | byte,
        2 => byte << 24 | byte << 8,
        3 => byte << 24 | byte << 16 | byte << 8 | byte,
        _ => (0x80 | pieces & 0x7f).rotate_right(pieces >> 7),
    }
}

/// The half of a constant that movw or movt gives to a register: which half, which register.
fn half(first: u16, second: u16) -> Option<(Half, u8, u16)> {
    let half = match first & 0xfbf0 {
        0xf240 => Half::Low,
        0xf2c0 => Half::High,
        _ => return None,
    };
    let value =
        (first & 15) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xff;
    Some((half, (second >> 8 & 15) as u8, value))
}

/// Half of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Low,
    High,
}

fn signed(value: u32, bits: u32) -> i32 {
    (value << (32 - bits)) as i32 >> (32 - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_jumps_lead_where_an_assembler_meant() {
        // Disassembled by LLVM.
        assert_eq!(flow(0x13ac, 0xf006, 0xfdc2), Flow::Call(0x7f34), "bl");
        assert_eq!(flow(0x100, 0xf000, 0xb808), Flow::Jump(0x114), "b.w");
        assert_eq!(flow(0x7f5a, 0xf0c0, 0x80d2), Flow::Jump(0x8102), "blo.w");
        assert_eq!(flow(0x1368, 0xd1f6, 0), Flow::Jump(0x1358), "bne");
        assert_eq!(flow(0x100, 0xe7fe, 0), Flow::Jump(0x100), "b");
        assert_eq!(flow(0x100, 0x4798, 0), Flow::Anywhere, "blx r3");
        assert_eq!(flow(0x100, 0x4770, 0), Flow::On, "bx lr");
        assert_eq!(flow(0x100, 0xbf00, 0), Flow::On, "nop");
        assert_eq!(flow(0x100, 0xf3ef, 0x8010), Flow::On, "mrs");
    }

    #[test]
    fn what_makes_the_stack_grow_is_counted() {
        for (text, code, bytes) in [
            ("push {r4, r5, r7, lr}", [0xb5b0, 0], 16),
            ("sub sp, #28", [0xb087, 0], 28),
            ("push.w {r8, r9, r10, r11}", [0xe92d, 0x0f00], 16),
            ("vpush {d8-d15}", [0xed2d, 0x8b10], 64),
            ("sub.w sp, sp, #3920", [0xf5ad, 0x6d75], 3920),
            ("subw sp, sp, #3924", [0xf6ad, 0x7d54], 3924),
            ("add sp, #28", [0xb007, 0], 0),
        ] {
            assert_eq!(pushes(code[0], code[1]), bytes, "{text}");
        }
    }

    #[test]
    fn a_constant_comes_in_two_halves() {
        assert_eq!(half(0xf645, 0x6074), Some((Half::Low, 0, 0x5e74)));
        assert_eq!(half(0xf2c2, 0x0000), Some((Half::High, 0, 0x2000)));
        assert_eq!(half(0xbf00, 0), None);
    }
}
