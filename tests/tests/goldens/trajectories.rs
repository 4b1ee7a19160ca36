//! From the same gradients come TensorFlow's bits.

use gradlet_tests::golden;
use trajectory::index::Folder;

#[test]
fn every_trajectory_has_tensorflows_bits() {
    let folder = Folder::open(&golden::folder()).unwrap_or_else(|error| panic!("{error}"));
    assert!(!folder.cases.is_empty(), "there are no trajectories");
    let mut wrong = Vec::new();
    for case in &folder.cases {
        case.with(|case| {
            let mut scratch = vec![f32::NAN; case.scratch()];
            let replayed = case.replay(&mut scratch, |state, part, distance| {
                if distance.differing > 0 {
                    let (name, after) = (case.name, state.after);
                    wrong.push(format!("{name}, step {after}, {part:?}: {distance:?}"));
                }
            });
            assert_eq!(replayed, Ok(()), "{}", case.name);
        });
    }
    assert!(
        wrong.is_empty(),
        "apart from TensorFlow:\n{}",
        wrong.join("\n")
    );
}
