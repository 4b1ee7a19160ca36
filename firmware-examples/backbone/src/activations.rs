use crate::{Error, Layer};

/// Where the newest activations lie.
#[derive(Clone, Copy, Debug)]
enum Place {
    Input,
    Front,
    Back,
}

/// The activations on their way through a [`Chain`](crate::Chain) of layers.
///
/// Layers write alternately to the front and to the back of the scratch, so that a layer's input
/// and output never overlap and the scratch need be no longer than the largest such pair. The
/// first input stays where the caller has it.
#[derive(Debug)]
pub struct Activations<'i, 's> {
    input: &'i [i8],
    scratch: &'s mut [i8],
    place: Place,
    length: usize,
}

impl<'i, 's> Activations<'i, 's> {
    /// Starts with `input`; `scratch` may hold anything.
    pub fn new(input: &'i [i8], scratch: &'s mut [i8]) -> Activations<'i, 's> {
        Activations {
            input,
            scratch,
            place: Place::Input,
            length: input.len(),
        }
    }

    /// Replaces the activations by what `layer` makes of them.
    pub fn step(&mut self, layer: &(impl Layer + ?Sized)) -> Result<(), Error> {
        let (expected, length) = (layer.input_len(), layer.output_len());
        if self.length != expected {
            return Err(Error::Length {
                expected,
                found: self.length,
            });
        }
        let found = self.scratch.len();
        let too_short = |kept: usize| Error::Scratch {
            needed: kept + length,
            found,
        };
        let (input, free, next) = match self.place {
            Place::Input => (self.input, &mut *self.scratch, Place::Front),
            Place::Front => {
                let (input, free) = self
                    .scratch
                    .split_at_mut_checked(self.length)
                    .ok_or(too_short(self.length))?;
                (&*input, free, Place::Back)
            }
            Place::Back => {
                let at = found
                    .checked_sub(self.length)
                    .ok_or(too_short(self.length))?;
                let (free, input) = self
                    .scratch
                    .split_at_mut_checked(at)
                    .ok_or(too_short(self.length))?;
                (&*input, free, Place::Front)
            }
        };
        let kept = found - free.len();
        let output = match next {
            Place::Back => {
                let at = free.len().checked_sub(length).ok_or(too_short(kept))?;
                free.get_mut(at..)
            }
            Place::Front | Place::Input => free.get_mut(..length),
        };
        layer.run(input, output.ok_or(too_short(kept))?);
        (self.place, self.length) = (next, length);
        Ok(())
    }

    /// The activations after the last step.
    pub fn finish(self) -> Result<&'s [i8], Error> {
        let found = self.scratch.len();
        let too_short = Error::Scratch {
            needed: self.length,
            found,
        };
        match self.place {
            Place::Input => {
                let output = self.scratch.get_mut(..self.length).ok_or(too_short)?;
                for (out, &x) in output.iter_mut().zip(self.input) {
                    *out = x;
                }
                Ok(output)
            }
            Place::Front => self.scratch.get(..self.length).ok_or(too_short),
            Place::Back => {
                let at = found.checked_sub(self.length).ok_or(too_short)?;
                self.scratch.get(at..).ok_or(too_short)
            }
        }
    }
}
