//! What a program executes while it counts, an instruction at a time, from QEMU's own log.
//!
//! A program counts with the board crate's `instructions`, which runs nothing and then the work,
//! each between two calls of a function that is found by its name. So does this: what the calls
//! themselves take is what the nothing took.
use crate::{
    board::Board,
    child,
    cycles::{self, Count, Meter},
    emulator::Exit,
    machine::Machine,
    qemu,
};
use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    ops::Range,
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

/// The function that is called where counting begins and where it ends.
const MARK: &str = "gradlet_count_mark";

/// What the program did each time that it counted, in its order.
///
/// # Errors
/// If QEMU cannot be started, or the program does not end well.
pub fn counted(
    machine: &Machine,
    board: &Board,
    elf: &Path,
    limit: Duration,
) -> Result<Vec<Count>> {
    let program = Program::read(elf)?;
    let mut command = machine.command(&qemu::find(machine, &board.qemu.program)?);
    let name = elf.to_string_lossy();
    let arguments = board.qemu.arguments.iter();
    command
        .args(arguments.map(|argument| argument.replace("{elf}", &name)))
        .args(["-display", "none", "-monitor", "none", "-serial", "null"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .args(["-icount", &format!("shift={}", board.qemu.icount_shift)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.args(["-d", "exec,nochain", "-dfilter", &program.filter()]);
    command.args(qemu::one_instruction_at_a_time(machine, board)?);
    let mut child = child::start(&mut command)?;
    let mut stdout = child.stdout.take().context("QEMU has no standard output")?;
    let stderr = child.stderr.take().context("QEMU has no standard error")?;
    let printed = thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    let windows = thread::spawn(move || program.windows(BufReader::new(stderr)));
    let status = child::wait(&mut child, limit)?;
    let exit = Exit::from_code(status.and_then(|status| status.code()));
    let _ = printed.join();
    let Ok(windows) = windows.join() else {
        bail!("the log of QEMU cannot be understood")
    };
    ensure!(exit == Exit::Success, "the program ended with {exit}");
    let windows = windows.context("cannot read the log of QEMU")?;
    let (pairs, rest) = windows.as_chunks::<2>();
    ensure!(rest.is_empty(), "the program did not end what it counted");
    Ok(pairs
        .iter()
        .map(|[nothing, work]| work.beyond(*nothing))
        .collect())
}

/// The code of a program.
struct Program {
    mark: u32,
    /// What runs before the program itself, and need not be logged.
    start: Range<u32>,
    /// Sections of code, and where they lie.
    code: Vec<(u32, Vec<u8>)>,
}

impl Program {
    fn read(elf: &Path) -> Result<Self> {
        let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
        let file = object::File::parse(&*bytes)
            .with_context(|| format!("{} is no program", elf.display()))?;
        let function = |name: &str| -> Result<Range<u32>> {
            let symbol = file.symbol_by_name(name);
            let symbol = symbol.with_context(|| format!("the program has no function {name}"))?;
            // The lowest bit says that it is Thumb code.
            let start = symbol.address() as u32 & !1;
            Ok(start..start + symbol.size() as u32)
        };
        let mut code = Vec::new();
        for section in file
            .sections()
            .filter(|one| one.kind() == SectionKind::Text)
        {
            code.push((section.address() as u32, section.data()?.to_vec()));
        }
        Ok(Self {
            mark: function(MARK)?.start,
            start: function("Reset")?,
            code,
        })
    }

    /// The addresses that QEMU should log: all code but the start, which paints the whole stack.
    fn filter(&self) -> String {
        let mut ranges = Vec::new();
        for (address, code) in &self.code {
            let section = *address..*address + code.len() as u32;
            let before = section.start..self.start.start.clamp(section.start, section.end);
            let behind = self.start.end.clamp(section.start, section.end)..section.end;
            ranges.extend([before, behind].into_iter().filter(|one| !one.is_empty()));
        }
        // QEMU's ranges include their ends.
        let range = |one: &Range<u32>| format!("{:#x}..{:#x}", one.start, one.end - 1);
        ranges.iter().map(range).collect::<Vec<_>>().join(",")
    }

    fn code_at(&self, address: u32) -> Option<&[u8]> {
        self.code.iter().find_map(|(start, code)| {
            let offset = address.checked_sub(*start)?;
            code.get(offset as usize..).filter(|rest| rest.len() >= 2)
        })
    }

    /// What is executed from the return of each other call of the mark to the next call.
    fn windows(&self, log: impl BufRead) -> std::io::Result<Vec<Count>> {
        let mut windows = Vec::new();
        let mut state = State::Outside;
        let mut next = 0;
        for line in log.lines() {
            let Some(address) = logged(&line?) else {
                continue;
            };
            state = match state {
                State::Outside if address == self.mark => State::Beginning { returns_to: next },
                State::Beginning { returns_to } if address == returns_to => {
                    State::Inside(Meter::default())
                }
                State::Inside(meter) if address == self.mark => {
                    windows.push(meter.count);
                    State::Outside
                }
                state => state,
            };
            let code = self.code_at(address).unwrap_or_default();
            if let State::Inside(meter) = &mut state {
                meter.execute(address, code);
            }
            let first = code.first_chunk().map_or(0, |two| u16::from_le_bytes(*two));
            next = address.wrapping_add(cycles::length(first));
        }
        Ok(windows)
    }
}

/// Where the program is while its log is read.
enum State {
    Outside,
    /// In the mark, called from the instruction before `returns_to`.
    Beginning {
        returns_to: u32,
    },
    Inside(Meter),
}

/// The address in a line like `Trace 0: 0x7f01… [00000000/000004d0/00000110/ff000000] main`.
fn logged(line: &str) -> Option<u32> {
    let fields = line.strip_prefix("Trace ")?.split_once('[')?.1;
    u32::from_str_radix(fields.split('/').nth(1)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_names_the_address() {
        let line = "Trace 0: 0x7f5e0c000100 [00000000/000004d0/00000110/ff000000] main";
        assert_eq!(logged(line), Some(0x4d0));
        assert_eq!(logged("qemu: something else [1/2/3]"), None);
    }

    #[test]
    fn only_what_lies_between_two_calls_of_the_mark_counts() {
        let nop = 0xbf00_u16.to_le_bytes();
        let call = [0x00, 0xf0, 0x00, 0xf8];
        let program = Program {
            mark: 0x200,
            start: 0x104..0x106,
            code: vec![
                (0x100, [&call[..], &nop, &nop, &call].concat()),
                (0x200, [nop, nop].concat()),
            ],
        };
        let once = [
            0x100, 0x200, 0x202, 0x104, 0x106, 0x108, 0x200, 0x202, 0x10c,
        ];
        let log: String = [once, once]
            .as_flattened()
            .iter()
            .map(|address| format!("Trace 0: 0x7f [0/{address:08x}/0/0] f\n"))
            .collect();
        let windows = program.windows(log.as_bytes()).unwrap();
        assert_eq!(windows.len(), 2);
        assert!(
            windows.iter().all(|one| one.instructions == 3),
            "{windows:?}"
        );
        assert_eq!(program.filter(), "0x100..0x103,0x106..0x10b,0x200..0x203");
    }
}
