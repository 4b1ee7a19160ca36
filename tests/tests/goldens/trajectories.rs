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
