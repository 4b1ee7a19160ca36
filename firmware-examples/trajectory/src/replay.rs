//! The training run.

use gradlet::IndexedSlices;
use gradlet::optimizer::{Elements, Optimizer, apply_indexed_slices};

use crate::bound::{Bound, Element};
use crate::scratch::cut;
use crate::{Array, Case, Deviation, Part, Scratch, State};

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
    case: &'a Case<'a>,
    scratch: Scratch<'s>,
    report: R,
}

impl<'a, 's, R: FnMut(&State<'_>, Part, Deviation)> Run<'a, 's, R> {
    pub(crate) fn new(case: &'a Case<'a>, scratch: Scratch<'s>, report: R) -> Self {
        Self {
            case,
            scratch,
            report,
        }
    }

    /// Replays with `optimizer`.
    pub(crate) fn with<O, const N: usize>(mut self, mut optimizer: O) -> Result<(), Fault>
    where
        O: for<'r> Optimizer<Row<'r> = [&'r mut [f32]; N]>,
    {
        let case = self.case;
        let mut rest = self.scratch.numbers;
        let variable = cut(&mut rest, case.elements)?;
        let before = cut(&mut rest, case.elements)?;
        let path = cut(&mut rest, case.elements)?;
        let gradient = cut(&mut rest, case.gradient_len())?;
        let indices = cut(&mut self.scratch.indices, case.touched.unwrap_or(0))?;
        let mut slots: [&mut [f32]; N] = core::array::from_fn(|_| Default::default());
        for (index, slot) in slots.iter_mut().enumerate() {
            *slot = cut(&mut rest, case.elements)?;
            slot.fill(optimizer.initial(index));
        }
        path.fill(0.0);

        let mut done = 0;
        for state in case.states {
            while done < state.after {
                let step = optimizer.begin(done as i64);
                let offset = done * gradient.len() * 4;
                fill(gradient, case, case.gradients + offset)?;
                before
                    .iter_mut()
                    .zip(&*variable)
                    .for_each(|(was, v)| *was = *v);
                if case.touched.is_some() {
                    let rows = case
                        .rows(done, indices.len())
                        .ok_or(Fault::Data)?
                        .zip(&mut *indices);
                    rows.for_each(|(row, index)| *index = row);
                    let rows = IndexedSlices::new(indices, gradient, case.inner)
                        .map_err(|_| Fault::Gradient)?;
                    apply_indexed_slices::<O>(&step, variable, &mut slots, rows)
                        .map_err(|_| Fault::Gradient)?;
                } else {
                    let row = slots.each_mut().map(|slot| &mut **slot);
                    let elements =
                        Elements::new(variable, row, gradient).map_err(|_| Fault::Gradient)?;
                    O::update(&step, elements);
                }
                optimizer.finish(&step);
                done += 1;
                match case.rule.step_slot() {
                    Some(Part::Slot(slot)) => {
                        let steps = slots.get(slot).ok_or(Fault::Part)?.iter();
                        lengthen(path, steps.copied());
                    }
                    _ => lengthen(path, variable.iter().zip(&*before).map(|(v, was)| v - was)),
                }
            }
            for array in state.arrays {
                let deviation = match array.part {
                    Part::Variable if done == 0 => {
                        fill(variable, case, array.offset)?;
                        Deviation::NONE
                    }
                    Part::Variable => {
                        let slot = slots.first().map_or(&*path, |slot| &**slot);
                        compare(case, array, done, variable, path, slot)?
                    }
                    Part::Slot(index) => {
                        let slot = slots.get(index).ok_or(Fault::Part)?;
                        let first = slots.first().ok_or(Fault::Part)?;
                        compare(case, array, done, slot, path, first)?
                    }
                    Part::Scalar(index) => {
                        let scalar = optimizer.scalar(index).ok_or(Fault::Part)?;
                        let scalar = core::slice::from_ref(scalar);
                        compare(case, array, done, scalar, path, path)?
                    }
                    Part::GlobalStep => compare_step(case, array, done)?,
                };
                (self.report)(state, array.part, deviation);
            }
        }
        Ok(())
    }
}

/// Adds the steps' lengths to the paths.
fn lengthen(path: &mut [f32], steps: impl Iterator<Item = f32>) {
    path.iter_mut()
        .zip(steps)
        .for_each(|(sum, step)| *sum += step.abs());
}

/// Copies numbers of the case from byte `offset` on.
fn fill(numbers: &mut [f32], case: &Case<'_>, offset: usize) -> Result<(), Fault> {
    let source = case.floats(offset, numbers.len()).ok_or(Fault::Data)?;
    for (number, x) in numbers.iter_mut().zip(source) {
        *number = x;
    }
    Ok(())
}

fn compare(
    case: &Case<'_>,
    array: &Array,
    steps: usize,
    found: &[f32],
    path: &[f32],
    first_slot: &[f32],
) -> Result<Deviation, Fault> {
    let mut deviation = Deviation::NONE;
    let bound = Bound { case, steps };
    let expected = case.floats(array.offset, found.len()).ok_or(Fault::Data)?;
    let more = path.iter().zip(first_slot);
    for ((expected, &found), (&path, &first_slot)) in expected.zip(found).zip(more) {
        let tolerance = bound.of(
            array.part,
            Element {
                expected,
                path,
                first_slot,
            },
        );
        deviation.add(expected, found, tolerance);
    }
    Ok(deviation)
}

fn compare_step(case: &Case<'_>, array: &Array, done: usize) -> Result<Deviation, Fault> {
    let bytes = case.data.get(array.offset..).ok_or(Fault::Data)?;
    let expected = i64::from_le_bytes(*bytes.first_chunk().ok_or(Fault::Data)?);
    let equal = usize::try_from(expected) == Ok(done);
    Ok(match equal {
        true => Deviation::NONE,
        false => Deviation::INFINITE,
    })
}
