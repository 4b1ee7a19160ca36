//! The oracle is tested too: a simple keeper of checkpoints passes it, and each of its versions
//! that is broken in one way does not.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use gradlet::Crc32c;
use gradlet::manager::CheckpointManager;

use crate::keeper::{Keeper, Manager, Open};
use crate::model::Model;

/// One checkpoint a block, block after block: the step, the values, and a checksum over both
/// behind them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneABlock {
    pub(crate) flaw: Flaw,
}

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Nothing,
    /// Always the same block.
    InPlace,
    /// The checksum is not looked at.
    NoChecksum,
    /// The checksum covers the step alone and is written before the values.
    CommitsFirst,
    /// A block that reads as erased is not erased.
    TrustsBlank,
    /// The block of the newest checkpoint is erased before the next one is complete.
    ErasesFirst,
    /// A unit that cannot be read is an error.
    ReadErrorIsFatal,
    /// A block that holds half a checkpoint is never used again.
    LosesSpace,
    /// After a restart the newest is taken to be in the first block that has one.
    ForgetsTheOrder,
}

pub(crate) struct Opened<F> {
    flash: F,
    flaw: Flaw,
    /// Where the newest checkpoint is, and its step.
    newest: Option<(u32, i64)>,
    /// Blocks that are never used again.
    given_up: Vec<u32>,
}

const STEP: usize = 8;
const CHECKSUM: usize = 4;

impl Keeper for OneABlock {
    type Open<F: NorFlash> = Opened<F>;

    fn open<F: NorFlash>(&self, flash: F) -> Result<Opened<F>, String> {
        let mut opened = Opened {
            flash,
            flaw: self.flaw,
            newest: None,
            given_up: Vec::new(),
        };
        for block in 0..opened.blocks() {
            match opened.read(block) {
                Err(error) if self.flaw == Flaw::ReadErrorIsFatal => return Err(error),
                Err(_) => opened.given_up.push(block),
                Ok(None) => {}
                Ok(Some((step, _))) => {
                    let better = match opened.newest {
                        None => true,
                        Some((_, best)) => step > best && self.flaw != Flaw::ForgetsTheOrder,
                    };
                    if better {
                        opened.newest = Some((block, step));
                    }
                }
            }
        }
        Ok(opened)
    }

    fn kept(&self, _: i64) -> Vec<i64> {
        Vec::new()
    }
}

impl<F: NorFlash> Opened<F> {
    const UNIT: usize = if F::READ_SIZE > F::WRITE_SIZE {
        F::READ_SIZE
    } else {
        F::WRITE_SIZE
    };

    fn blocks(&self) -> u32 {
        (self.flash.capacity() / F::ERASE_SIZE) as u32
    }

    fn at(block: u32) -> u32 {
        block * F::ERASE_SIZE as u32
    }

    /// The checkpoint in a block; an error if something else is there.
    fn read(&mut self, block: u32) -> Result<Option<(i64, Vec<u8>)>, String> {
        let mut bytes = vec![0; F::ERASE_SIZE];
        let read = self.flash.read(Self::at(block), &mut bytes);
        read.map_err(|error| format!("{error:?}"))?;
        if bytes.iter().all(|&byte| byte == 0xff) {
            return Ok(None);
        }
        let len = usize::from(u16::from_le_bytes([bytes[6], bytes[7]]));
        let values = bytes.get(STEP..STEP + len).ok_or("no length")?.to_vec();
        // The upper bytes of a step that is small hold the length.
        let mut step = bytes[..STEP].to_vec();
        step[6..].fill(0);
        let step = i64::from_le_bytes(step.try_into().unwrap());
        let commit = (STEP + len).next_multiple_of(Self::UNIT);
        let found = bytes.get(commit..commit + CHECKSUM).ok_or("no checksum")?;
        if self.flaw != Flaw::NoChecksum && found != self.checksum(&bytes[..STEP], &values) {
            return Err("another checksum".to_owned());
        }
        Ok(Some((step, values)))
    }

    fn checksum(&self, step: &[u8], values: &[u8]) -> [u8; CHECKSUM] {
        let mut crc = Crc32c::new();
        crc.update(step);
        if self.flaw != Flaw::CommitsFirst {
            crc.update(values);
        }
        crc.value().to_le_bytes()
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), F::Error> {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().next_multiple_of(Self::UNIT), 0xff);
        self.flash.write(at, &padded)
    }

    fn erase(&mut self, block: u32) -> Result<(), F::Error> {
        self.flash.erase(Self::at(block), Self::at(block + 1))
    }

    fn next_block(&self) -> Option<u32> {
        let blocks = self.blocks();
        let newest = self.newest.map(|(block, _)| block);
        if self.flaw == Flaw::InPlace {
            return Some(0);
        }
        let first = newest.map_or(0, |block| block + 1);
        (0..blocks)
            .map(|ahead| (first + ahead) % blocks)
            .filter(|&block| Some(block) != newest || blocks == 1)
            .find(|block| self.flaw != Flaw::LosesSpace || !self.given_up.contains(block))
    }
}

impl<F: NorFlash> Open for Opened<F> {
    fn restore(&mut self, model: &mut Model) -> Result<Option<i64>, String> {
        let Some((block, _)) = self.newest else {
            return Ok(None);
        };
        let Some((step, values)) = self.read(block)? else {
            return Ok(None);
        };
        model.load(step, &values);
        Ok(Some(step))
    }

    fn save(&mut self, model: &Model) -> Result<(), String> {
        let failed = |error: F::Error| format!("{error:?}");
        let block = self.next_block().ok_or("no room")?;
        let (step, values) = (model.step(), model.values());
        if self.flaw == Flaw::ErasesFirst
            && let Some((newest, _)) = self.newest
        {
            self.erase(newest).map_err(failed)?;
        }
        let mut content = vec![0; F::ERASE_SIZE];
        let blank = self.flash.read(Self::at(block), &mut content).is_ok()
            && content.iter().all(|&byte| byte == 0xff);
        if self.flaw != Flaw::TrustsBlank || !blank {
            self.erase(block).map_err(failed)?;
        }
        let mut content = step.to_le_bytes().to_vec();
        content[6..].copy_from_slice(&(values.len() as u16).to_le_bytes());
        let checksum = self.checksum(&content, values);
        content.extend(values);
        let commit = content.len().next_multiple_of(Self::UNIT) as u32;
        let mut writes = [(0, &content[..]), (commit, &checksum)];
        if self.flaw == Flaw::CommitsFirst {
            // The step first, so that the block does not read as empty.
            writes.reverse();
        }
        for (at, bytes) in writes {
            self.write(Self::at(block) + at, bytes).map_err(failed)?;
        }
        self.newest = Some((block, step));
        Ok(())
    }

    fn steps(&mut self, _: usize) -> Vec<i64> {
        Vec::new()
    }
}

/// The manager on a flash whose driver is broken: what a manager that did so would do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Misled {
    pub(crate) manager: Manager,
    pub(crate) flaw: DriverFlaw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DriverFlaw {
    /// What reads as erased is not erased again.
    SkipsBlank,
    /// The block behind is erased as well.
    ErasesAhead,
    /// No block is ever erased once it has been.
    NeverErases,
}

/// A driver.
#[derive(Debug)]
pub(crate) struct Driver<F> {
    flash: F,
    flaw: DriverFlaw,
}

impl Keeper for Misled {
    type Open<F: NorFlash> = CheckpointManager<Driver<F>>;

    fn open<F: NorFlash>(&self, flash: F) -> Result<Self::Open<F>, String> {
        let flaw = self.flaw;
        self.manager.open(Driver { flash, flaw })
    }

    fn kept(&self, newest: i64) -> Vec<i64> {
        self.manager.kept(newest)
    }
}

impl<F: ErrorType> ErrorType for Driver<F> {
    type Error = F::Error;
}

impl<F: NorFlash> ReadNorFlash for Driver<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: NorFlash> NorFlash for Driver<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        let mut content = vec![0; (to - from) as usize];
        let is_blank =
            self.flash.read(from, &mut content).is_ok() && content.iter().all(|&byte| byte == 0xff);
        match self.flaw {
            DriverFlaw::SkipsBlank if is_blank => return Ok(()),
            DriverFlaw::NeverErases => return Ok(()),
            DriverFlaw::ErasesAhead => {
                let size = F::ERASE_SIZE as u32;
                let next = to % self.flash.capacity() as u32;
                self.flash.erase(next, next + size)?;
            }
            _ => {}
        }
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        self.flash.write(offset, bytes)
    }
}
