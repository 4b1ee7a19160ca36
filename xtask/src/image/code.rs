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
        match flow {
            Flow::Jump(target) if !range.contains(&target) => self.calls.push(Call::To(target)),
            Flow::Call(target) => self.calls.push(Call::To(target)),
            Flow::Anywhere => self.calls.push(Call::Pointer),
            Flow::Jump(_) | Flow::On => {}
        }
    }
}
