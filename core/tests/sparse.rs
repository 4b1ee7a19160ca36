//! Gradients of some rows.

use gradlet::gradient::IndexedSlicesError;
use gradlet::optimizer::{Elements, Optimizer, Parameter, apply_indexed_slices};
use gradlet::{
    AdaMax, Adadelta, Adagrad, AdagradDa, Adam, AdamW, AmsGrad, CenteredRmsProp, Ftrl,
    GradientDescent, IndexedSlices, Momentum, NesterovAdam, ProximalAdagrad,
    ProximalGradientDescent, RmsProp, Zeroed,
};

const ROWS: usize = 5;
const COLUMNS: usize = 3;

/// Calls `$test(optimizer)` with each of the optimizers.
macro_rules! with_every_optimizer {
    ($test:ident) => {{
        $test("GradientDescent", GradientDescent::new(0.1));
        $test("Momentum", Momentum::new(0.1, 0.9));
        $test("Nesterov", Momentum::nesterov(0.1, 0.9));
        $test("Adam", Adam::new(0.1));
        $test("NesterovAdam", NesterovAdam::new(Adam::new(0.1)));
        $test("AmsGrad", AmsGrad::new(Adam::new(0.1)));
        $test("AdamW", AdamW::new(0.1));
        $test("AdaMax", AdaMax::new(0.1));
        $test("Adagrad", Adagrad::new(0.1));
        $test("AdagradDa", AdagradDa::new(0.1));
        $test("Adadelta", Adadelta::new(0.1));
        $test("Ftrl", Ftrl::new(0.1).l1_regularization_strength(0.01));
        $test("ProximalGradientDescent", ProximalGradientDescent::new(0.1));
        $test("ProximalAdagrad", ProximalAdagrad::new(0.1));
        $test("RmsProp", RmsProp::new(0.1));
        $test("CenteredRmsProp", CenteredRmsProp::new(0.1));
    }};
}

/// A parameter that has made a step already, so that its slots hold something.
fn trained<O: Optimizer>(optimizer: &O) -> Parameter<[[f32; COLUMNS]; ROWS], O> {
    let mut parameter = Parameter::<[[f32; COLUMNS]; ROWS], O>::ZERO;
    parameter.initialize(optimizer);
    let gradient = [[0.5, -1.0, 0.25]; ROWS];
    parameter.apply_gradient(&optimizer.begin(0), &gradient);
    parameter
}

/// Every bit of the parameter and its slots.
fn bits<O: Optimizer>(parameter: &Parameter<[[f32; COLUMNS]; ROWS], O>) -> Vec<u32> {
    use gradlet::optimizer::SlotStorage;
    use gradlet::tensor::View;
    let mut bits: Vec<u32> = parameter
        .value
        .as_flattened()
        .iter()
        .map(|x| x.to_bits())
        .collect();
    for slot in 0..O::SLOTS.len() {
        let Some(View::F32(slot)) = parameter.slots.view(slot) else {
            panic!("slot {slot} is no f32 tensor");
        };
        bits.extend(slot.iter().map(|x| x.to_bits()));
    }
    bits
}

#[test]
fn an_index_out_of_range_leaves_everything_untouched() {
    fn test<O: Optimizer>(name: &str, optimizer: O) {
        let mut parameter = trained(&optimizer);
        let before = bits(&parameter);
        let step = optimizer.begin(1);
        let refused = parameter.apply_indexed_slices(&step, &[1, ROWS as u32], &[1.0; 6]);
        let rows = ROWS;
        let expected = matches!(refused, Err(IndexedSlicesError::Index { rows: r, found, .. })
            if r == rows && found == ROWS as u32);
        assert!(expected, "{name}: {refused:?}");
        assert_eq!(bits(&parameter), before, "{name}");

        for values in [5, 7, 0] {
            let values = &[1.0; 7][..values];
            let refused = parameter.apply_indexed_slices(&step, &[1, 2], values);
            assert!(refused.is_err(), "{name}: {} values", values.len());
            assert_eq!(bits(&parameter), before, "{name}");
        }
    }
    with_every_optimizer!(test);
}

#[test]
fn rows_without_a_gradient_stay_unless_the_slots_decay() {
    fn test<O: Optimizer>(name: &str, optimizer: O) {
        let mut parameter = trained(&optimizer);
        let before = parameter.value;
        let step = optimizer.begin(1);
        let applied = parameter.apply_indexed_slices(&step, &[3, 0], &[0.75; 6]);
        assert_eq!(applied, Ok(()), "{name}");
        let decays = O::SPARSE == gradlet::optimizer::Sparse::Decaying;
        for (row, (before, after)) in before.iter().zip(&parameter.value).enumerate() {
            let moves = decays || [0, 3].contains(&row);
            assert_eq!(before != after, moves, "{name}, row {row}");
        }
    }
    with_every_optimizer!(test);
}

#[test]
fn a_row_named_twice_gets_the_sum_of_its_gradients() {
    fn test<O: Optimizer>(name: &str, optimizer: O) {
        let step = optimizer.begin(1);
        let (mut twice, mut once) = (trained(&optimizer), trained(&optimizer));
        let (a, b) = ([0.5, -0.25, 1.0], [0.125, 0.5, -2.0]);
        let applied = twice.apply_indexed_slices(&step, &[2, 4, 2], &[a, [0.0; 3], b].concat());
        assert_eq!(applied, Ok(()), "{name}");
        let sum = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
        let applied = once.apply_indexed_slices(&step, &[2, 4], &[sum, [0.0; 3]].concat());
        assert_eq!(applied, Ok(()), "{name}");
        // Gradient descent is linear, but for the rounding between the two updates.
        for (twice, once) in twice.value.iter().zip(&once.value) {
            for (twice, once) in twice.iter().zip(once) {
                match O::SPARSE {
                    gradlet::optimizer::Sparse::InTurn => assert!((twice - once).abs() < 1e-6),
                    _ => assert_eq!(twice.to_bits(), once.to_bits(), "{name}"),
                }
            }
        }
    }
    with_every_optimizer!(test);
}

#[test]
fn buffers_that_do_not_fit_together_are_refused() {
    let adam = Adam::new(0.1);
    let step = adam.begin(0);
    let (mut variable, mut m, mut v) = ([0.0; 6], [0.0; 6], [0.0; 5]);
    assert!(Elements::new(&mut variable, [&mut m[..], &mut v[..]], &[0.0; 6]).is_err());
    assert!(Elements::new(&mut variable, [&mut m[..]], &[0.0; 7]).is_err());
    assert!(Elements::new(&mut variable, [&mut m[..]], &[0.0; 6]).is_ok());

    let rows = IndexedSlices::new(&[0], &[1.0; 2], 2).expect("one row of two");
    let mut slots = [&mut m[..], &mut v[..]];
    let refused = apply_indexed_slices::<Adam>(&step, &mut variable, &mut slots, rows);
    assert_eq!(refused, Err(IndexedSlicesError::Slots));
    let mut v = [0.0; 6];
    let mut slots = [&mut m[..], &mut v[..]];
    let refused = apply_indexed_slices::<Adam>(&step, &mut variable[..5], &mut slots, rows);
    assert!(
        matches!(refused, Err(IndexedSlicesError::Rows { .. })),
        "{refused:?}"
    );
    assert_eq!((variable, m, v), ([0.0; 6], [0.0; 6], [0.0; 6]));
    assert!(IndexedSlices::new(&[], &[], 0).is_err(), "a row of nothing");
}
