//! RISC-V instructions, as far as they call, jump, move the stack pointer and make addresses.
use super::code::{Code, Flow, Reading};
use riscv_isa::{Instruction, Target, Xlen};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// What the boards have, and more: an instruction of another extension neither calls nor jumps.
const TARGET: Target = Target {
    xlen: Xlen::Rv32,
    privileged: true,
    supervisor_mode: false,
    m: true,
    a: true,
    f: true,
    d: false,
    q: false,
    c: true,
    zicsr: true,
    zifencei: true,
    zawrs: false,
    zfh: false,
    zba: false,
    zbb: false,
    zbc: false,
    zbkb: false,
    zbs: false,
};

/// The register of return addresses, and the stack pointer.
const RA: u32 = 1;
const SP: u32 = 2;

/// Reads the function at `range`. `kept` are the words that the image keeps, the tables of switches
/// among them.
pub(super) fn function(code: &Code<'_>, range: &Range<u32>, kept: &BTreeSet<u32>) -> Reading {
    let mut reading = Reading::default();
    let instructions = instructions(code, range, &mut reading.words);
    addresses(&instructions, &mut reading.words);
    let steps = steps(&instructions);
    let depths = depths(&steps, range, kept);
    for (address, step) in &steps {
        let is_switch = step.flow == Flow::Anywhere
            && step.is_last
            && kept.range(range.clone()).next().is_some()
            && depths.get(address).is_some_and(Depth::is_inside);
        if !is_switch {
            reading.follow(step.flow, range);
        }
        reading.frame += match step.growth {
            Growth::By(bytes) => bytes.max(0).unsigned_abs(),
            Growth::Unknown => 0,
        };
        reading.runs_over = !step.is_last;
    }
    reading
}

/// The instructions at `range`. Data among them goes to `words`.
fn instructions(
    code: &Code<'_>,
    range: &Range<u32>,
    words: &mut Vec<u32>,
) -> BTreeMap<u32, Instruction> {
    let mut instructions = BTreeMap::new();
    let mut address = range.start;
    while address < range.end {
        if code.is_data(address) {
            words.extend(code.word(address));
            address += if address.is_multiple_of(4) { 4 } else { 2 };
            continue;
        }
        let bytes = code.bytes(address);
        let Some((instruction, length)) = riscv_isa::decode_le_bytes(bytes, &TARGET) else {
            break;
        };
        instructions.insert(address, instruction);
        address += length as u32;
    }
    instructions
}

/// Puts the constants that a function makes into `words`, but for those that it only jumps to. The
/// upper part may be made once and completed in several places far behind; an address too many
/// does no harm.
fn addresses(instructions: &BTreeMap<u32, Instruction>, words: &mut Vec<u32>) {
    let mut uppers = [None; 32];
    let next = instructions.values().skip(1).copied().map(Some);
    let next = next.chain([None]);
    for ((&address, &instruction), next) in instructions.iter().zip(next) {
        let made = if let Some((register, value)) = constant(address, instruction, None) {
            uppers[register as usize & 31] = Some(value);
            Some((register, value))
        } else if let Instruction::ADDI { rd, rs1, imm } = instruction {
            let upper: Option<u32> = uppers[rs1 as usize & 31];
            upper.map(|upper| (rd, upper.wrapping_add_signed(imm)))
        } else {
            None
        };
        let is_for =
            |register: u32| matches!(next, Some(Instruction::JALR { rs1, .. }) if rs1 == register);
        words.extend(
            made.filter(|(register, _)| !is_for(*register))
                .map(|(_, value)| value),
        );
    }
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    flow: Flow,
    /// Whether it never goes on behind itself.
    is_last: bool,
    growth: Growth,
}

/// How the stack grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    By(i64),
    Unknown,
}

/// What the instructions of a function do.
fn steps(instructions: &BTreeMap<u32, Instruction>) -> BTreeMap<u32, Step> {
    let jumps = instructions
        .iter()
        .map(|(&address, &instruction)| flow(address, instruction, None));
    let targets: BTreeSet<u32> = jumps
        .filter_map(|flow| match flow {
            Flow::Jump(target) => Some(target),
            _ => None,
        })
        .collect();
    let mut steps = BTreeMap::new();
    let mut known = None;
    for (&address, &instruction) in instructions {
        // Who comes here from elsewhere may bring another value.
        known = known.filter(|_| !targets.contains(&address));
        let step = Step {
            flow: flow(address, instruction, known),
            is_last: is_last(instruction),
            growth: growth(instruction, known),
        };
        steps.insert(address, step);
        known = constant(address, instruction, known);
    }
    steps
}

/// Where the instruction at `address` leads, if a register is `known` to hold a value.
fn flow(address: u32, instruction: Instruction, known: Option<(u32, u32)>) -> Flow {
    use Instruction::{BEQ, BGE, BGEU, BLT, BLTU, BNE, JAL, JALR};
    match instruction {
        JAL { rd, offset } => linked(rd, address.wrapping_add_signed(offset)),
        JALR { rd, rs1, offset } => match known {
            Some((register, value)) if register == rs1 => {
                linked(rd, value.wrapping_add_signed(offset) & !1)
            }
            _ if (rd, rs1, offset) == (0, RA, 0) => Flow::On,
            _ => Flow::Anywhere,
        },
        BEQ { offset, .. }
        | BNE { offset, .. }
        | BLT { offset, .. }
        | BGE { offset, .. }
        | BLTU { offset, .. }
        | BGEU { offset, .. } => Flow::Jump(address.wrapping_add_signed(offset)),
        _ => Flow::On,
    }
}

/// Who keeps where it came from has called.
fn linked(register: u32, target: u32) -> Flow {
    if register == 0 {
        Flow::Jump(target)
    } else {
        Flow::Call(target)
    }
}

fn is_last(instruction: Instruction) -> bool {
    use Instruction::{JAL, JALR, MRET};
    matches!(instruction, JAL { rd: 0, .. } | JALR { rd: 0, .. } | MRET)
}

/// The register whose value is known behind the instruction at `address`, because this and the
/// instructions right before it have made a constant.
fn constant(
    address: u32,
    instruction: Instruction,
    known: Option<(u32, u32)>,
) -> Option<(u32, u32)> {
    use Instruction::{ADDI, AUIPC, LUI};
    match (instruction, known) {
        (LUI { rd, imm }, _) => Some((rd, imm << 12)),
        (AUIPC { rd, imm }, _) => Some((rd, address.wrapping_add(imm << 12))),
        (ADDI { rd, rs1, imm }, Some((register, value))) if rd == rs1 && rs1 == register => {
            Some((rd, value.wrapping_add_signed(imm)))
        }
        _ => None,
    }
}

/// By how many bytes the instruction makes the stack grow.
fn growth(instruction: Instruction, known: Option<(u32, u32)>) -> Growth {
    use Instruction::{ADD, ADDI, AND, ANDI, AUIPC, LUI, LW, OR, SUB, XOR};
    let value = |register: u32| {
        let value = known.filter(|(one, _)| *one == register);
        value.map(|(_, value)| i64::from(value as i32))
    };
    let by = |bytes: Option<i64>| bytes.map_or(Growth::Unknown, Growth::By);
    match instruction {
        ADDI {
            rd: SP,
            rs1: SP,
            imm,
        } => Growth::By(-i64::from(imm)),
        ADD {
            rd: SP,
            rs1: SP,
            rs2,
        } => by(value(rs2).map(|value| -value)),
        SUB {
            rd: SP,
            rs1: SP,
            rs2,
        } => by(value(rs2)),
        ADDI { rd: SP, .. }
        | ADD { rd: SP, .. }
        | SUB { rd: SP, .. }
        | AND { rd: SP, .. }
        | ANDI { rd: SP, .. }
        | AUIPC { rd: SP, .. }
        | LUI { rd: SP, .. }
        | LW { rd: SP, .. }
        | OR { rd: SP, .. }
        | XOR { rd: SP, .. } => Growth::Unknown,
        _ => Growth::By(0),
    }
}

/// How much a function has on the stack when it comes to an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Bytes(i64),
    /// Several, or it cannot be told.
    Unknown,
}

impl Depth {
    /// A function gives back its stack before it leaves for good, so with some of it left a jump
    /// stays inside.
    fn is_inside(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if *bytes != 0)
    }

    fn after(self, growth: Growth) -> Self {
        match (self, growth) {
            (Self::Bytes(before), Growth::By(bytes)) => Self::Bytes(before + bytes),
            _ => Self::Unknown,
        }
    }

    fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

/// The depths before all steps that are reached from the function's start.
fn depths(
    steps: &BTreeMap<u32, Step>,
    range: &Range<u32>,
    kept: &BTreeSet<u32>,
) -> BTreeMap<u32, Depth> {
    let mut depths = BTreeMap::new();
    let mut ahead = vec![(range.start, Depth::Bytes(0))];
    while let Some((address, depth)) = ahead.pop() {
        let Some(step) = steps.get(&address) else {
            continue;
        };
        let before = depths.get(&address).copied();
        let depth = before.map_or(depth, |before| depth.or(before));
        if before == Some(depth) {
            continue;
        }
        depths.insert(address, depth);
        let after = depth.after(step.growth);
        match step.flow {
            Flow::Jump(target) => ahead.push((target, after)),
            Flow::Anywhere if step.is_last => {
                ahead.extend(kept.range(range.clone()).map(|target| (*target, after)));
            }
            _ => {}
        }
        if !step.is_last {
            let next = steps.range(address + 1..).next();
            ahead.extend(next.map(|(next, _)| (*next, after)));
        }
    }
    depths
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Call;

    fn decoded(code: &[u8]) -> Instruction {
        let (instruction, length) = riscv_isa::decode_le_bytes(code, &TARGET).unwrap();
        assert_eq!(length, code.len());
        instruction
    }

    /// What a function that begins at 0x100 says.
    fn read(code: &[&[u8]], kept: &[u32]) -> Reading {
        let content = code.concat();
        let range = 0x100..0x100 + content.len() as u32;
        let code = Code {
            at: range.start,
            content: &content,
            data: &BTreeMap::new(),
        };
        function(&code, &range, &kept.iter().copied().collect())
    }

    // All of these were disassembled by LLVM.
    const RET: &[u8] = &[0x82, 0x80];
    const JR_A0: &[u8] = &[0x02, 0x85];
    const JALR_A1: &[u8] = &[0x82, 0x95];
    const SP_DOWN_32: &[u8] = &[0x01, 0x11];
    const SP_UP_32: &[u8] = &[0x05, 0x61];
    const BEQZ_A0_10: &[u8] = &[0x09, 0xc5];

    #[test]
    fn calls_and_jumps_lead_where_an_assembler_meant() {
        for (text, at, code, wanted) in [
            (
                "jal",
                0x140,
                &[0xef, 0x00, 0xc0, 0x04][..],
                Flow::Call(0x18c),
            ),
            ("j", 0xec, &[0x6f, 0xf0, 0xdf, 0xff], Flow::Jump(0xe8)),
            ("c.j", 0x24c, &[0x71, 0xa0], Flow::Jump(0x2d8)),
            ("c.jal", 0x100, &[0x11, 0x20], Flow::Call(0x104)),
            ("beq", 0x1a4, &[0x63, 0x0f, 0xd6, 0x02], Flow::Jump(0x1e2)),
            ("bge", 0x6474, &[0x63, 0x56, 0xc5, 0x01], Flow::Jump(0x6480)),
            ("bltu", 0xa4, &[0xe3, 0xe8, 0xd2, 0xfe], Flow::Jump(0x94)),
            ("c.beqz", 0x1c8, BEQZ_A0_10, Flow::Jump(0x1d2)),
            ("c.bnez", 0x69e, &[0x11, 0xe1], Flow::Jump(0x6a2)),
            ("c.jr a0", 0x100, JR_A0, Flow::Anywhere),
            ("c.jalr a1", 0x100, JALR_A1, Flow::Anywhere),
            ("jalr", 0x70, &[0xe7, 0x80, 0x80, 0x07], Flow::Anywhere),
            ("ret", 0x100, RET, Flow::On),
            ("c.li", 0x100, &[0x2d, 0x45], Flow::On),
            ("mret", 0x188, &[0x73, 0x00, 0x20, 0x30], Flow::On),
        ] {
            assert_eq!(flow(at, decoded(code), None), wanted, "{text}");
        }
    }

    #[test]
    fn what_makes_the_stack_grow_is_counted() {
        for (text, code, wanted) in [
            (
                "addi sp, sp, -576",
                &[0x13, 0x01, 0x01, 0xdc][..],
                Growth::By(576),
            ),
            (
                "addi sp, sp, 576",
                &[0x13, 0x01, 0x01, 0x24],
                Growth::By(-576),
            ),
            ("c.addi sp, -32", SP_DOWN_32, Growth::By(32)),
            ("c.addi16sp sp, -224", &[0x15, 0x71], Growth::By(224)),
            ("c.addi16sp sp, 416", &[0x1d, 0x61], Growth::By(-416)),
            ("c.addi4spn a0, sp, 80", &[0x88, 0x08], Growth::By(0)),
            ("sub sp, sp, t0", &[0x33, 0x01, 0x51, 0x40], Growth::Unknown),
        ] {
            assert_eq!(growth(decoded(code), None), wanted, "{text}");
        }
        let sub = decoded(&[0x33, 0x01, 0x51, 0x40]);
        assert_eq!(growth(sub, Some((5, 4096))), Growth::By(4096));
    }

    #[test]
    fn a_call_in_two_instructions_has_one_target() {
        let auipc: &[u8] = &[0x97, 0x40, 0x00, 0x00];
        let jalr: &[u8] = &[0xe7, 0x80, 0xc0, 0x7e];
        let whole = read(&[auipc, jalr, RET], &[]);
        assert_eq!(whole.calls, [Call::To(0x100 + 0x4000 + 2028)]);
        // beqz a0, to the second one: there ra is not what the first one makes it.
        let entered = read(&[&[0x19, 0xc1], auipc, jalr, RET], &[]);
        assert_eq!(entered.calls, [Call::Pointer]);
    }

    #[test]
    fn the_address_of_a_function_is_kept_but_not_that_of_a_jump() {
        let lui_a3: &[u8] = &[0xb7, 0x06, 0x00, 0x80];
        let addi_a3: &[u8] = &[0x93, 0x86, 0x86, 0x0f];
        assert!(
            read(&[lui_a3, addi_a3, RET], &[])
                .words
                .contains(&0x8000_00f8)
        );
        let jr_a3: &[u8] = &[0x82, 0x86];
        let jump = read(&[lui_a3, addi_a3, jr_a3], &[]);
        assert!(!jump.words.contains(&0x8000_00f8));
        assert_eq!(jump.calls, [Call::To(0x8000_00f8)]);
    }

    #[test]
    fn a_switch_is_no_call_because_the_stack_is_in_use() {
        let table = [0x104, 0x106];
        let switch: &[&[u8]] = &[SP_DOWN_32, JR_A0, SP_UP_32, RET];
        assert_eq!(read(switch, &table).calls, []);
        assert_eq!(read(switch, &[]).calls, [Call::Pointer], "without a table");
        let tail: &[&[u8]] = &[SP_DOWN_32, SP_UP_32, JR_A0];
        assert_eq!(
            read(tail, &table).calls,
            [Call::Pointer],
            "the stack is given back"
        );
        // beqz a0, to the jump: there the stack may be either.
        let both: &[&[u8]] = &[&[0x11, 0xc1], SP_DOWN_32, JR_A0, SP_UP_32, RET];
        assert_eq!(read(both, &table).calls, [Call::Pointer], "two depths");
        assert_eq!(
            read(&[SP_DOWN_32, JALR_A1, SP_UP_32, RET], &table).calls,
            [Call::Pointer],
            "a call"
        );
    }

    #[test]
    fn a_function_that_calls_itself_is_no_loop() {
        // jal ra, to itself
        assert_eq!(
            read(&[&[0xef, 0x00, 0x00, 0x00], RET], &[]).calls,
            [Call::To(0x100)]
        );
        // j, to itself
        assert_eq!(read(&[&[0x6f, 0x00, 0x00, 0x00]], &[]).calls, []);
    }

    #[test]
    fn an_end_that_is_passed_is_noticed() {
        assert!(read(&[SP_DOWN_32], &[]).runs_over);
        assert!(!read(&[SP_DOWN_32, RET], &[]).runs_over);
    }
}
