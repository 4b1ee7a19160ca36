//! A flash that shows each of its steps before doing it, so that a cut can be tried in a copy
//! without running everything up to there again.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use gradlet::mock_flash::{Error, MockFlash, Tear};

/// A mock flash in a vector.
pub(crate) type Flash<const READ: usize, const WRITE: usize, const ERASE: usize> =
    MockFlash<Vec<u8>, READ, WRITE, ERASE>;

/// What the flash is about to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// Write one unit.
    Write { offset: u32, bytes: &'a [u8] },
    /// Erase one block.
    Erase { from: u32, to: u32 },
}

/// What cuts leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any bits, read in each of three ways.
    Torn,
    /// What was to be written, there at one read and gone at the next.
    Weak,
}

impl Step<'_> {
    /// The ways in which power can go within this step.
    pub(crate) fn tears(&self, kind: Kind, write_size: usize) -> Vec<Tear> {
        if kind == Kind::Weak {
            return vec![Tear::Weak];
        }
        match self {
            Self::Write { .. } if write_size == 1 => vec![Tear::Random, Tear::Blank],
            Self::Write { .. } => vec![Tear::Bytes(write_size / 2), Tear::Random, Tear::Blank],
            Self::Erase { from, to } => vec![
                Tear::Nothing,
                Tear::Bytes((to - from) as usize / 2),
                Tear::Random,
                Tear::Blank,
                Tear::Complete,
            ],
        }
    }

    /// Does the step in `flash`, in which power goes as `tear` says. False if the flash refuses
    /// the step itself: its violation tells.
    pub(crate) fn cut<const READ: usize, const WRITE: usize, const ERASE: usize>(
        &self,
        flash: &mut Flash<READ, WRITE, ERASE>,
        tear: Tear,
    ) -> bool {
        flash.cut_power(0, tear);
        let cut = match *self {
            Self::Write { offset, bytes } => flash.write(offset, bytes),
            Self::Erase { from, to } => flash.erase(from, to),
        };
        flash.power_on();
        cut == Err(Error::PowerLost)
    }
}

/// A flash that calls `before` with itself and each step.
pub(crate) struct Forking<'a, V, const READ: usize, const WRITE: usize, const ERASE: usize> {
    pub(crate) flash: &'a mut Flash<READ, WRITE, ERASE>,
    pub(crate) before: V,
}

impl<V, const READ: usize, const WRITE: usize, const ERASE: usize> ErrorType
    for Forking<'_, V, READ, WRITE, ERASE>
{
    type Error = Error;
}

impl<V, const READ: usize, const WRITE: usize, const ERASE: usize> ReadNorFlash
    for Forking<'_, V, READ, WRITE, ERASE>
{
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<V, const READ: usize, const WRITE: usize, const ERASE: usize> NorFlash
    for Forking<'_, V, READ, WRITE, ERASE>
where
    V: FnMut(&Flash<READ, WRITE, ERASE>, Step<'_>),
{
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        for from in (from..to).step_by(ERASE) {
            let to = from + ERASE as u32;
            (self.before)(self.flash, Step::Erase { from, to });
            self.flash.erase(from, to)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        for (unit, bytes) in bytes.chunks(WRITE).enumerate() {
            let offset = offset + (unit * WRITE) as u32;
            (self.before)(self.flash, Step::Write { offset, bytes });
            self.flash.write(offset, bytes)?;
        }
        Ok(())
    }
}
