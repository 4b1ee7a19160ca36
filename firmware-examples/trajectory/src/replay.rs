//! The training run.

use gradlet::optimizer::{Elements, Optimizer};

use crate::{Array, Case, Distance, Part, State};

/// Why a case cannot be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An array of the case lies outside its data.
    Data,
    /// The scratch holds fewer numbers than the case needs.
    Scratch,
    /// The optimizer refused a gradient.
    Gradient,
    /// The optimizer has no such variable.
    Part,
}

/// A case that is about to be replayed.
pub(crate) struct Run<'a, 's, R> {
    pub(crate) case: &'a Case<'a>,
    pub(crate) scratch: &'s mut [f32],
    pub(crate) report: R,
}

impl<R: FnMut(&State<'_>, Part, Distance)> Run<'_, '_, R> {
    /// Replays with `optimizer`.
    pub(crate) fn with<O, const N: usize>(self, mut optimizer: O) -> Result<(), Fault>
    where
        O: for<'r> Optimizer<Row<'r> = [&'r mut [f32]; N]>,
    {
        let Self {
            case,
            scratch,
            mut report,
        } = self;
        let (variable, mut rest) = scratch
            .split_at_mut_checked(case.elements)
            .ok_or(Fault::Scratch)?;
        let mut slots: [&mut [f32]; N] = core::array::from_fn(|_| Default::default());
        for (index, slot) in slots.iter_mut().enumerate() {
            let (elements, after) = core::mem::take(&mut rest)
                .split_at_mut_checked(case.elements)
                .ok_or(Fault::Scratch)?;
            elements.fill(optimizer.initial(index));
            (*slot, rest) = (elements, after);
        }

        let mut done = 0;
        for state in case.states {
            while done < state.after {
                let len = rest.len().min(case.elements);
                let gradient = rest.get_mut(..len).ok_or(Fault::Scratch)?;
                let offset = case.gradients + done * case.elements * 4;
                fill(gradient, case, offset)?;
                let step = optimizer.begin(done as i64);
                let row = slots.each_mut().map(|slot| &mut **slot);
                let elements =
                    Elements::new(variable, row, gradient).map_err(|_| Fault::Gradient)?;
                O::update(&step, elements);
                optimizer.finish(&step);
                done += 1;
            }
            for array in state.arrays {
                if done == 0 && array.part == Part::Variable {
                    fill(variable, case, array.offset)?;
                }
                let distance = match array.part {
                    Part::Variable => compare(case, array, variable)?,
                    Part::Slot(slot) => compare(case, array, slots.get(slot).ok_or(Fault::Part)?)?,
                    Part::Scalar(index) => {
                        let scalar = optimizer.scalar(index).ok_or(Fault::Part)?;
                        compare(case, array, core::slice::from_ref(scalar))?
                    }
                    Part::GlobalStep => compare_step(case, array, done)?,
                };
                report(state, array.part, distance);
            }
        }
        Ok(())
    }
}

/// Copies numbers of the case from byte `offset` on.
fn fill(numbers: &mut [f32], case: &Case<'_>, offset: usize) -> Result<(), Fault> {
    let source = case.floats(offset, numbers.len()).ok_or(Fault::Data)?;
    for (number, x) in numbers.iter_mut().zip(source) {
        *number = x;
    }
    Ok(())
}

fn compare(case: &Case<'_>, array: &Array, found: &[f32]) -> Result<Distance, Fault> {
    let mut distance = Distance::default();
    let expected = case.floats(array.offset, found.len()).ok_or(Fault::Data)?;
    for (expected, &found) in expected.zip(found) {
        distance.add(expected, found);
    }
    Ok(distance)
}

fn compare_step(case: &Case<'_>, array: &Array, done: usize) -> Result<Distance, Fault> {
    let bytes = case.data.get(array.offset..).ok_or(Fault::Data)?;
    let expected = i64::from_le_bytes(*bytes.first_chunk().ok_or(Fault::Data)?);
    let equal = usize::try_from(expected) == Ok(done);
    Ok(match equal {
        true => Distance::default(),
        false => Distance::INFINITE,
    })
}
