//! Cycles that a Cortex-M4F takes, modelled: QEMU knows what is executed, not how long it takes.
//!
//! The model adds up the published timings of the processor (Cortex-M4 Technical Reference Manual,
//! tables 3-1 and 7-1) for memory without wait states: an instruction takes one cycle, but for
//!
//! | instruction | cycles |
//! |---|---|
//! | single load | 2, or 1 behind another single load or store |
//! | multiple load or store, push, pop | 1 and one a register |
//! | double load or store, exclusive ones | 3 |
//! | multiply and accumulate of integers | 2 |
//! | division of integers | 2 to 12 by the operands; 7 here |
//! | multiply and accumulate of floats | 3 |
//! | division or square root of floats | 14 |
//! | move of two registers between core and FPU | 2 |
//! | branch that is taken | 2 more, to refill the pipeline |
//! | any that uses a float which the one before computed | 1 more |
//!
//! It is good for comparing schedules, and no measurement.

/// The processor that is modelled, as boards name it.
pub const CORE: &str = "Cortex-M4F";

/// An instruction, as far as its time depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instruction {
    bytes: u32,
    cycles: u32,
    /// A load or store of one register, which overlaps with one before it.
    is_single_access: bool,
    /// The FPU's registers that it reads.
    reads: FpuRegisters,
    /// The FPU's register that it computes.
    computes: FpuRegisters,
}

/// Some of s0 to s31, a bit each.
type FpuRegisters = u32;

/// What was executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Instructions.
    pub instructions: u64,
    /// The cycles they take.
    pub cycles: u64,
}

impl Count {
    /// What this is more than the other.
    #[must_use]
    pub fn beyond(self, other: Self) -> Self {
        Self {
            instructions: self.instructions.saturating_sub(other.instructions),
            cycles: self.cycles.saturating_sub(other.cycles),
        }
    }
}

/// Counts while instructions are executed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    /// What was executed so far.
    pub count: Count,
    last: Option<(u32, Instruction)>,
}

impl Meter {
    /// Takes the instruction at `address` into account; `code` holds its bytes, at least two, and
    /// four if it has as many.
    pub fn execute(&mut self, address: u32, code: &[u8]) {
        let Some(instruction) = decode(code) else {
            return;
        };
        self.count.instructions += 1;
        self.count.cycles += u64::from(instruction.cycles);
        if let Some((at, last)) = self.last {
            let is_branch = address != at.wrapping_add(last.bytes);
            let waits = instruction.reads & last.computes != 0;
            let overlaps = instruction.is_single_access
                && last.is_single_access
                && instruction.cycles == SINGLE_LOAD;
            self.count.cycles += 2 * u64::from(is_branch) + u64::from(waits);
            self.count.cycles -= u64::from(overlaps);
        }
        self.last = Some((address, instruction));
    }
}

const SINGLE_LOAD: u32 = 2;

/// The number of bytes of the instruction that begins with this halfword.
pub fn length(first: u16) -> u32 {
    if first >> 11 >= 0b11101 { 4 } else { 2 }
}

fn decode(code: &[u8]) -> Option<Instruction> {
    let halfword = |at: usize| Some(u16::from_le_bytes([*code.get(at)?, *code.get(at + 1)?]));
    let first = halfword(0)?;
    match length(first) {
        2 => Some(short(first)),
        _ => Some(long(first, halfword(2)?)),
    }
}

const fn plain(bytes: u32, cycles: u32) -> Instruction {
    Instruction {
        bytes,
        cycles,
        is_single_access: false,
        reads: 0,
        computes: 0,
    }
}

const fn single_access(bytes: u32, is_load: bool) -> Instruction {
    let cycles = if is_load { SINGLE_LOAD } else { 1 };
    Instruction {
        is_single_access: true,
        ..plain(bytes, cycles)
    }
}

fn short(code: u16) -> Instruction {
    let registers = |mask: u16| 1 + (code & mask).count_ones();
    match code >> 12 {
        0b0100 if code >> 11 & 1 == 1 => single_access(2, true),
        0b0101 => single_access(2, code >> 9 & 7 >= 3),
        0b0110..=0b1001 => single_access(2, code >> 11 & 1 == 1),
        // Push and pop, with a bit for the link register or the program counter.
        0b1011 if code >> 9 & 3 == 2 => plain(2, registers(0x1ff)),
        0b1100 => plain(2, registers(0xff)),
        _ => plain(2, 1),
    }
}

fn long(first: u16, second: u16) -> Instruction {
    let is_fpu = first >> 10 & 0b11 == 0b11 && second >> 9 & 0b111 == 0b101;
    match first >> 9 {
        0b111_0110 | 0b111_0111 if is_fpu => fpu(first, second),
        0b111_0100 if first >> 6 & 1 == 0 => plain(4, 1 + second.count_ones()),
        // Table branches take as long as a load.
        0b111_0100 if first & 0xfff0 == 0xe8d0 && second & 0xffe0 == 0xf000 => plain(4, 2),
        0b111_0100 => plain(4, 3),
        0b111_1100 => single_access(4, first >> 4 & 1 == 1),
        0b111_1101 => match first >> 4 & 0x1f {
            0b1_0000 if second >> 12 != 15 => plain(4, 2),
            0b1_1001 | 0b1_1011 => plain(4, 7),
            _ => plain(4, 1),
        },
        _ => plain(4, 1),
    }
}

fn fpu(first: u16, second: u16) -> Instruction {
    // A register's number is four bits and a fifth, the lowest, elsewhere.
    let register = |four: u16, lowest: u16| 1u32 << ((four & 15) << 1 | lowest & 1);
    let d = register(second >> 12, first >> 6);
    let n = register(first, second >> 7);
    let m = register(second, second >> 5);
    let is_load = first >> 4 & 1 == 1;
    if first >> 9 == 0b111_0110 {
        if first & 0xffe0 == 0xec40 {
            return plain(4, 2);
        }
        if first & 0xff20 == 0xed00 {
            return Instruction {
                reads: if is_load { 0 } else { d },
                ..single_access(4, is_load)
            };
        }
        let count = u32::from(second & 0xff);
        let range = ((1u64 << count.min(32)) - 1) as u32;
        return Instruction {
            reads: if is_load {
                0
            } else {
                range << d.trailing_zeros()
            },
            ..plain(4, 1 + count)
        };
    }
    if second >> 4 & 1 == 1 {
        // Between a register of the core and one of the FPU, or its status.
        let is_status = first & 0xef == 0xe1;
        let reads = if is_load && !is_status { n } else { 0 };
        return Instruction {
            reads,
            ..plain(4, 1)
        };
    }
    let compute = |cycles, reads, computes| Instruction {
        reads,
        computes,
        ..plain(4, cycles)
    };
    match first >> 4 & 0b1011 {
        0b0000 | 0b0001 | 0b1001 | 0b1010 => compute(3, d | n | m, d),
        0b0010 | 0b0011 => compute(1, n | m, d),
        0b1000 => compute(14, n | m, d),
        _ => match (first & 15, second >> 6 & 3) {
            (_, 0 | 2) => compute(1, 0, 0),
            (0, 1) => compute(1, m, 0),
            (1, 3) => compute(14, m, d),
            (4, _) => compute(1, d | m, 0),
            (5, _) => compute(1, d, 0),
            _ => compute(1, m, d),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Instructions as an assembler encodes them, executed one behind the other.
    fn cycles(program: &[&[u16]]) -> u64 {
        let mut meter = Meter::default();
        let mut address = 0x100;
        for halfwords in program {
            let code: Vec<u8> = halfwords.iter().flat_map(|one| one.to_le_bytes()).collect();
            assert_eq!(length(halfwords[0]), code.len() as u32);
            meter.execute(address, &code);
            address += code.len() as u32;
        }
        assert_eq!(meter.count.instructions, program.len() as u64);
        meter.count.cycles
    }

    const NOP: &[u16] = &[0xbf00];
    /// ldr r0, [r1]
    const LDR: &[u16] = &[0x6808];
    /// vadd.f32 s0, s1, s2
    const VADD_S0: &[u16] = &[0xee30, 0x0a81];

    #[test]
    fn timings_are_those_of_the_reference_manual() {
        let table: [(&str, &[u16], u64); 20] = [
            ("nop", NOP, 1),
            ("ldr r0, [r1]", LDR, 2),
            ("str r0, [r1]", &[0x6008], 1),
            ("ldr.w r0, [r1], #4", &[0xf851, 0x0b04], 2),
            ("push {r4, r5, lr}", &[0xb530], 4),
            ("ldmia r0!, {r1, r2, r3}", &[0xc80e], 4),
            ("ldmia.w r0, {r4-r11}", &[0xe890, 0x0ff0], 9),
            ("ldrd r0, r1, [r2]", &[0xe9d2, 0x0100], 3),
            ("mul r0, r1, r0", &[0x4348], 1),
            ("mla r0, r1, r2, r3", &[0xfb01, 0x3002], 2),
            ("udiv r0, r0, r1", &[0xfbb0, 0xf0f1], 7),
            ("vadd.f32 s0, s1, s2", VADD_S0, 1),
            ("vmul.f32 s0, s1, s2", &[0xee20, 0x0a81], 1),
            ("vmla.f32 s0, s1, s2", &[0xee00, 0x0a81], 3),
            ("vdiv.f32 s0, s1, s2", &[0xee80, 0x0a81], 14),
            ("vsqrt.f32 s0, s1", &[0xeeb1, 0x0ae0], 14),
            ("vcmp.f32 s0, s1", &[0xeeb4, 0x0a60], 1),
            ("vldmia r0!, {s0-s7}", &[0xecb0, 0x0a08], 9),
            ("vldr s0, [r0]", &[0xed90, 0x0a00], 2),
            ("vmrs r0, fpscr", &[0xeef1, 0x0a10], 1),
        ];
        for (text, code, expected) in table {
            assert_eq!(cycles(&[code]), expected, "{text}");
        }
    }

    #[test]
    fn single_loads_overlap() {
        assert_eq!(cycles(&[LDR, LDR, LDR]), 4);
        assert_eq!(cycles(&[LDR, NOP, LDR]), 5);
    }

    #[test]
    fn a_float_is_waited_for_where_it_is_used_at_once() {
        let users: [(&str, &[u16]); 4] = [
            ("vmul.f32 s3, s0, s0", &[0xee60, 0x1a00]),
            ("vmla.f32 s0, s1, s2", &[0xee00, 0x0a81]),
            ("vstmia r0!, {s0-s7}", &[0xeca0, 0x0a08]),
            ("vmov r0, s0", &[0xee10, 0x0a10]),
        ];
        for (text, code) in users {
            let alone = cycles(&[VADD_S0]) + cycles(&[code]);
            assert_eq!(cycles(&[VADD_S0, code]), alone + 1, "{text}");
            assert_eq!(cycles(&[VADD_S0, NOP, code]), alone + 1, "{text}, later");
        }
        // vmul.f32 s3, s4, s4
        let other = &[0xee62, 0x1a02];
        assert_eq!(cycles(&[VADD_S0, other]), 2);
    }

    #[test]
    fn a_taken_branch_refills_the_pipeline() {
        let mut meter = Meter::default();
        let jump = 0xe7fe_u16.to_le_bytes();
        meter.execute(0x100, &jump);
        meter.execute(0x100, &jump);
        assert_eq!(meter.count.cycles, 1 + 1 + 2);
    }
}
