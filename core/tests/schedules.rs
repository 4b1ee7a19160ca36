//! Schedules, where TensorFlow's own values are not at hand.

use gradlet::schedule::{
    Callable, CosineDecayRestarts, LinearCosineDecay, NoisyLinearCosineDecay, Schedule,
};
use gradlet::{Adam, Optimizer};

#[test]
fn noise_is_the_same_for_the_same_seed_and_step_and_falls_with_time() {
    let line = LinearCosineDecay::new(0.1, 1000);
    let noisy = NoisyLinearCosineDecay::new(line, 7).initial_variance(0.01);
    let same = NoisyLinearCosineDecay::new(line, 7).initial_variance(0.01);
    let other = NoisyLinearCosineDecay::new(line, 8).initial_variance(0.01);
    let spread = |steps: std::ops::Range<i64>| {
        let squares = steps.map(|step| (noisy.at(step) - line.at(step)).powi(2));
        squares.sum::<f32>()
    };
    assert!((0..1000).all(|step| noisy.at(step).to_bits() == same.at(step).to_bits()));
    assert!((0..1000).any(|step| noisy.at(step) != other.at(step)));
    assert!(spread(0..100) > 4.0 * spread(300..400));
    assert!(spread(300..400) > 0.0);
}

#[test]
fn periods_of_equal_length_restart_where_they_end() {
    let schedule = CosineDecayRestarts::new(0.5, 10).t_mul(1.0).m_mul(0.5);
    assert_eq!(schedule.at(0), 0.5);
    assert_eq!(schedule.at(10), 0.25);
    assert_eq!(schedule.at(20), 0.125);
    assert!(schedule.at(9) < 0.02);
}

#[test]
fn a_function_of_the_step_is_a_hyper_parameter() {
    let adam = Adam::scheduled(
        Callable::new(|step| 0.1 / (step + 1) as f32),
        0.9,
        0.999,
        1e-8,
    );
    let fixed = Adam::new(0.05);
    // Both take step 1 at 0.05.
    assert_eq!(
        format!("{:?}", adam.begin(1)),
        format!("{:?}", fixed.begin(1))
    );
}
