use embedded_storage::nor_flash::NorFlash;
use gradlet::manager::{CheckpointManager, Restoration, Saved};
use gradlet::variable::Named;
use gradlet::{Adam, Batch, Head, ReplayBuffer, Variables};

use crate::Error;

/// When things happen, in training steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Steps of the whole run.
    pub steps: i64,
    /// Steps between two checkpoints; the last step is followed by one in any case.
    pub save_every: i64,
    /// Steps after which a session ends so that the device can be reset.
    pub reset_every: i64,
}

/// Where labelled samples come from: the frozen model's int8 features and their class.
pub trait Samples<const IN: usize> {
    /// Sample number `cursor` of the stream; the same each time that it is asked for.
    fn sample(&mut self, cursor: i64) -> Option<(&[i8; IN], usize)>;
}

/// Who wants to know how a session goes.
pub trait Observer {
    /// Training begins, or goes on, behind step `step`.
    fn resumed(&mut self, _step: i64) {}
    /// Step `step` is done.
    fn trained(&mut self, _step: i64) {}
    /// The checkpoint of step `step` is in flash.
    fn saved(&mut self, _step: i64, _saved: Saved) {}
}

impl Observer for () {}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps are done, and the last one is saved.
    Finished,
    /// The device is to be reset; what was trained since the last checkpoint will be trained again.
    ResetDue,
}

/// Training between two starts of the device: a head for `OUT` classes on `IN` features, `N`
/// samples to replay, `B` of them a step.
///
/// Each step takes the next sample of the stream, offers it to the replay buffer, and trains on a
/// batch of those that are kept.
pub struct Session<'a, const N: usize, const B: usize, const IN: usize, const OUT: usize> {
    head: &'a mut Head<IN, OUT, Adam>,
    replay: &'a mut ReplayBuffer<N, IN, OUT>,
    batch: &'a mut Batch<B, IN, OUT, i8>,
    cursor: i64,
}

impl<'a, const N: usize, const B: usize, const IN: usize, const OUT: usize>
    Session<'a, N, B, IN, OUT>
{
    /// A session of a device that was just started: the shipped head, an empty buffer.
    pub const fn new(
        head: &'a mut Head<IN, OUT, Adam>,
        replay: &'a mut ReplayBuffer<N, IN, OUT>,
        batch: &'a mut Batch<B, IN, OUT, i8>,
    ) -> Self {
        Self {
            head,
            replay,
            batch,
            cursor: 0,
        }
    }

    /// Takes up the newest checkpoint, if there is one, and trains until the schedule says
    /// otherwise.
    ///
    /// # Errors
    /// [`Error`]; what was saved before stays saved.
    pub fn run<F: NorFlash>(
        &mut self,
        checkpoints: &mut CheckpointManager<F>,
        samples: &mut impl Samples<IN>,
        schedule: &Schedule,
        observer: &mut impl Observer,
    ) -> Result<Ended, Error<F::Error>> {
        let restored = checkpoints.restore_or_initialize(&mut self.variables());
        if let Restoration::Incompatible(reason) = restored.map_err(Error::Restore)? {
            return Err(Error::Incompatible(reason));
        }
        let start = self.head.global_step();
        observer.resumed(start);
        loop {
            let step = self.head.global_step();
            if step >= schedule.steps {
                return Ok(Ended::Finished);
            }
            if step - start >= schedule.reset_every {
                return Ok(Ended::ResetDue);
            }
            self.step(samples)?;
            let step = step + 1;
            observer.trained(step);
            if step.checked_rem(schedule.save_every) == Some(0) || step == schedule.steps {
                let saved = checkpoints.save(&self.variables()).map_err(Error::Save)?;
                if let Some(saved) = saved {
                    observer.saved(step, saved);
                }
            }
        }
    }

    fn step<E>(&mut self, samples: &mut impl Samples<IN>) -> Result<(), Error<E>> {
        let cursor = self.cursor;
        let sample = samples.sample(cursor).ok_or(Error::Sample { cursor })?;
        let (features, label) = sample;
        self.replay.push(features, label).map_err(Error::Head)?;
        self.replay.fill(self.batch).map_err(Error::Head)?;
        self.head.minimize_batch(self.batch).map_err(Error::Head)?;
        self.cursor += 1;
        Ok(())
    }

    /// All that a checkpoint has to hold.
    pub fn variables(&mut self) -> impl Variables {
        let cursor = Named::number("cursor", &mut self.cursor);
        (&mut *self.head, &mut *self.replay, cursor)
    }
}
