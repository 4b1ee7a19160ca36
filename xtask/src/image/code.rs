//! The machine code of an image, and what reading a function in it gives.
use super::calls::Call;
use std::{collections::BTreeMap, ops::Range};

/// A section of code.
pub(super) struct Code<'a> {
    /// Where it begins.
    pub(super) at: u32,
    pub(super) content: &'a [u8],
    /// From each of these addresses on: whether it is data.
    pub(super) data: &'a BTreeMap<u32, bool>,
}

impl<'a> Code<'a> {
    pub(super) fn is_data(&self, address: u32) -> bool {
        self.data
            .range(..=address)
            .next_back()
            .is_some_and(|(_, is_data)| *is_data)
    }

    /// What follows from an address on; nothing outside the section.
    pub(super) fn bytes(&self, address: u32) -> &'a [u8] {
        let offset = address.checked_sub(self.at).map(|offset| offset as usize);
        offset
            .and_then(|offset| self.content.get(offset..))
            .unwrap_or_default()
    }

    pub(super) fn halfword(&self, address: u32) -> Option<u16> {
        let two = self.bytes(address).first_chunk()?;
        Some(u16::from_le_bytes(*two))
    }

    pub(super) fn word(&self, address: u32) -> Option<u32> {
        let four = self.bytes(address).first_chunk()?;
        Some(u32::from_le_bytes(*four))
    }
}

/// What an instruction does to the flow of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Goes on behind itself, or returns.
    On,
    /// May go on at an address.
    Jump(u32),
    /// Calls the function at an address.
    Call(u32),
    /// Calls, or goes on at, what a register or the memory says.
    Anywhere,
}

/// What the instructions of a function say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Where it leads, out of itself.
    pub(super) calls: Vec<Call>,
    /// By how many bytes its instructions make the stack grow, if each is executed once.
    pub(super) frame: u64,
    /// The constants in it, which may be addresses.
    pub(super) words: Vec<u32>,
    /// Whether it ends with an instruction that may go on behind itself.
    pub(super) runs_over: bool,
}

impl Reading {
    /// Notes where an instruction of the function at `range` leads.
    pub(super) fn follow(&mut self, flow: Flow, range: &Range<u32>) {
        let is_inside = |target: &u32| range.contains(target) && *target != range.start;
        match flow {
            // ARMv6-M has no jump that reaches farther than 2 KB: `bl` takes its place there.
            Flow::Call(target) if is_inside(&target) => {}
            Flow::Jump(target) if range.contains(&target) => {}
            Flow::Call(target) | Flow::Jump(target) => self.calls.push(Call::To(target)),
            Flow::Anywhere => self.calls.push(Call::Pointer),
            Flow::On => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_into_the_function_itself_is_a_jump_unless_it_calls_its_start() {
        for (flow, calls) in [
            (Flow::Call(0x180), vec![]),
            (Flow::Call(0x100), vec![Call::To(0x100)]),
            (Flow::Call(0x200), vec![Call::To(0x200)]),
            (Flow::Jump(0x100), vec![]),
            (Flow::Jump(0x200), vec![Call::To(0x200)]),
            (Flow::Anywhere, vec![Call::Pointer]),
            (Flow::On, vec![]),
        ] {
            let mut reading = Reading::default();
            reading.follow(flow, &(0x100..0x200));
            assert_eq!(reading.calls, calls, "{flow:?}");
        }
    }
}
