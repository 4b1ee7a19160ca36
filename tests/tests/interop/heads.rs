//! Losses, hidden layers and what is done to gradients, on numbers that nobody has seen.
//!
//! `GRADLET_SEED` repeats the run whose seed was printed.
use crate::{python, seed::seed};
use gradlet_tests::heads::Recorded;
use std::path::Path;

#[test]
fn losses_and_gradients_of_heads_follow_a_live_tensorflow() {
    let seed = seed();
    let place = tempfile::tempdir().expect("a folder for the numbers");
    let cases = Path::new("20");
    python::run("heads.py", &[place.path(), Path::new(&seed), cases]);
    let (compared, wrong) = Recorded::open(place.path()).compare();
    println!("{compared} cases compared");
    assert!(
        wrong.is_empty(),
        "with GRADLET_SEED={seed}:\n{}",
        wrong.join("\n")
    );
}
