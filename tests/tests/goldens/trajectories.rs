//! From the same gradients come TensorFlow's bits.

use gradlet_tests::golden;
use trajectory::Scratch;
use trajectory::index::Folder;

#[test]
fn every_trajectory_is_tensorflows_to_the_bit_or_within_its_bound() {
    let folder = Folder::open(&golden::folder()).unwrap_or_else(|error| panic!("{error}"));
    assert!(!folder.cases.is_empty(), "there are no trajectories");
    let mut wrong = Vec::new();
    for case in &folder.cases {
        case.with(|case| {
            let mut numbers = vec![f32::NAN; case.numbers()];
            let mut indices = vec![u32::MAX; case.touched.unwrap_or(0)];
            let scratch = Scratch {
                numbers: &mut numbers,
                indices: &mut indices,
            };
            let replayed = case.replay(scratch, |state, part, deviation| {
                let (name, after) = (case.name, state.after);
                if deviation.differing > 0 {
                    println!("{name}, step {after}, {part:?}: {deviation:?}");
                }
                if deviation.beyond > 0 {
                    wrong.push(format!("{name}, step {after}, {part:?}: {deviation:?}"));
                }
            });
            assert_eq!(replayed, Ok(()), "{}", case.name);
        });
    }
    assert!(
        wrong.is_empty(),
        "farther from TensorFlow than allowed:\n{}",
        wrong.join("\n")
    );
}

/// The reciprocal root of Adagrad, Adadelta, ProximalAdagrad and the sparse RMSProp is the only
/// thing in which they are apart from TensorFlow: with the processor's estimate of it, where that
/// is the estimate of the processor which made the goldens, every bit is the same.
#[cfg(target_arch = "x86_64")]
#[test]
fn only_the_estimated_root_is_apart_from_tensorflow() {
    use gradlet_tests::eigen;
    let alike = eigen::is_that_of_the_goldens();
    let folder = Folder::open(&golden::folder()).unwrap_or_else(|error| panic!("{error}"));
    let mut replayed = 0;
    let mut wrong = Vec::new();
    for case in &folder.cases {
        case.with(|case| {
            let mut numbers = vec![f32::NAN; case.numbers()];
            let mut indices = vec![u32::MAX; case.touched.unwrap_or(0)];
            let scratch = Scratch {
                numbers: &mut numbers,
                indices: &mut indices,
            };
            let outcome = eigen::replay(case, scratch, |state, part, deviation| {
                // The estimates of all processors lie within the bound.
                if deviation.beyond > 0 || (alike && deviation.differing > 0) {
                    let (name, after) = (case.name, state.after);
                    wrong.push(format!("{name}, step {after}, {part:?}: {deviation:?}"));
                }
            });
            replayed += u32::from(outcome.is_some());
            assert_eq!(outcome.unwrap_or(Ok(())), Ok(()), "{}", case.name);
        });
    }
    println!("this processor's estimate is that of the goldens: {alike}");
    assert!(replayed > 0, "no trajectory has a reciprocal root");
    assert!(
        wrong.is_empty(),
        "apart from TensorFlow:\n{}",
        wrong.join("\n")
    );
}
