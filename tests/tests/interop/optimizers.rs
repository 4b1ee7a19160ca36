//! TensorFlow's optimizers on random shapes, hyper-parameters and gradients: 1,000 steps each,
//! dense and sparse, with gradients as small as 2⁻⁶⁰ and with infinities and NaN.
//!
//! `GRADLET_SEED` repeats the run whose seed was printed.
use crate::{python, seed::seed};
use gradlet_tests::{c_power, eigen};
use std::path::Path;
use trajectory::{Case, Deviation, Part, Scratch, State, index::Folder};

const STEPS: &str = "1000";

#[test]
fn every_optimizer_follows_a_live_tensorflow() {
    follow("optimizers.py");
}

#[test]
fn adam_w_and_ada_max_follow_keras_within_a_bound() {
    follow("keras_optimizers.py");
}

/// Trains again what a script recorded.
fn follow(script: &str) {
    let seed = seed();
    let place = tempfile::tempdir().expect("a folder for the trajectories");
    let (seed, steps) = (Path::new(&seed), Path::new(STEPS));
    python::run(script, &[place.path(), seed, steps]);
    let folder = Folder::open(place.path()).unwrap_or_else(|error| panic!("{error}"));
    assert!(!folder.cases.is_empty(), "TensorFlow recorded nothing");

    let mut wrong = Vec::new();
    let (mut exact, mut bounded) = (0, 0);
    for case in &folder.cases {
        case.with(|case| {
            let mut differs = false;
            replay(case, &mut wrong, |deviation| {
                differs |= deviation.differing > 0;
                deviation.beyond > 0
            });
            exact += u32::from(!differs);
            bounded += u32::from(differs);
            // With the processor's own estimate of 1/√x every bit is TensorFlow's, and so it is
            // with the C library's power.
            replay_as_eigen(case, &mut wrong);
            replay_with_c_power(case, &mut wrong);
        });
    }
    println!("{exact} trajectories have TensorFlow's bits, {bounded} lie within their bound");
    assert!(
        wrong.is_empty(),
        "farther from TensorFlow than allowed, with GRADLET_SEED={}:\n{}",
        seed.display(),
        wrong.join("\n")
    );
}

/// Memory for the replay of one case.
struct Memory(Vec<f32>, Vec<u32>);

impl Memory {
    fn of(case: &Case<'_>) -> Self {
        let indices = case.touched.unwrap_or(0);
        Self(vec![f32::NAN; case.numbers()], vec![u32::MAX; indices])
    }

    fn scratch(&mut self) -> Scratch<'_> {
        Scratch {
            numbers: &mut self.0,
            indices: &mut self.1,
        }
    }
}

fn line(case: &Case<'_>, state: &State<'_>, part: Part, deviation: Deviation) -> String {
    let (name, after, rule) = (case.name, state.after, case.rule);
    format!("{name}, step {after}, {part:?}: {deviation:?} with {rule:?}")
}

fn replay(case: &Case<'_>, wrong: &mut Vec<String>, mut is_wrong: impl FnMut(Deviation) -> bool) {
    let mut memory = Memory::of(case);
    let replayed = case.replay(memory.scratch(), |state, part, deviation| {
        if is_wrong(deviation) {
            wrong.push(line(case, state, part, deviation));
        }
    });
    assert_eq!(replayed, Ok(()), "{}", case.name);
}

fn replay_as_eigen(case: &Case<'_>, wrong: &mut Vec<String>) {
    let mut memory = Memory::of(case);
    let replayed = eigen::replay(case, memory.scratch(), |state, part, deviation| {
        note(wrong, "as Eigen", case, state, part, deviation);
    });
    assert_eq!(replayed.unwrap_or(Ok(())), Ok(()), "{}", case.name);
}

fn replay_with_c_power(case: &Case<'_>, wrong: &mut Vec<String>) {
    let mut memory = Memory::of(case);
    let replayed = c_power::replay(case, memory.scratch(), |state, part, deviation| {
        note(wrong, "with C's power", case, state, part, deviation);
    });
    assert_eq!(replayed.unwrap_or(Ok(())), Ok(()), "{}", case.name);
}

fn note(
    wrong: &mut Vec<String>,
    how: &str,
    case: &Case<'_>,
    state: &State<'_>,
    part: Part,
    deviation: Deviation,
) {
    if deviation.differing > 0 {
        wrong.push(format!("{how}: {}", line(case, state, part, deviation)));
    }
}
