//! Slots in less memory: what they take, how well they train, and that a checkpoint holds them.

use gradlet::checkpoint::{Checkpoint, restore, write};
use gradlet::optimizer::{
    Bf16, Blocks8, Compact, Elements, Moments8, Optimizer, Parameter, SlotStorage,
};
use gradlet::tensor::{DType, View};
use gradlet::variable::Storage;
use gradlet::{Adagrad, Adam, AdamW, Batch, Head, Momentum, RmsProp, Variables, Zeroed};

const IN: usize = 24;
const OUT: usize = 5;

/// Numbers of about the normal distribution that follow from their index.
fn number(index: u64) -> f32 {
    let mut sum = 0.0;
    let mut x = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    for _ in 0..6 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        sum += (x >> 40) as f32 / (1 << 23) as f32 - 1.0;
    }
    sum
}

/// A sample of one of the classes, which overlap; features of very different sizes.
fn sample(index: u64) -> ([f32; IN], usize) {
    let class = (index % OUT as u64) as usize;
    let mut x = [0.0; IN];
    for (feature, x) in x.iter_mut().enumerate() {
        let center = number(1_000_000 + (feature * OUT + class) as u64);
        let size = 10f32.powi(-((feature % 4) as i32));
        *x = (center + 1.5 * number(index * IN as u64 + feature as u64)) * size;
    }
    (x, class)
}

/// Trains on batches of 8; returns the mean loss over samples that were not trained on.
fn trained<O: Optimizer>(optimizer: O) -> (Head<IN, OUT, O>, f32) {
    let mut head = Head::new(optimizer);
    train(&mut head, 0..150);
    let mut loss = 0.0;
    for index in 10_000..10_500 {
        let (x, class) = sample(index);
        loss += gradlet::loss::softmax_cross_entropy(&mut head.logits(&x), class);
    }
    (head, loss / 500.0)
}

fn train<O: Optimizer>(head: &mut Head<IN, OUT, O>, steps: std::ops::Range<u64>) {
    let mut batch = Batch::<8, IN, OUT>::ZERO;
    for step in steps {
        batch.clear();
        for index in step * 8..step * 8 + 8 {
            let (x, class) = sample(index);
            batch.push(&x, class).unwrap();
        }
        head.minimize_batch(&mut batch).unwrap();
    }
}

fn view<V: Storage, O: Optimizer>(parameter: &Parameter<V, O>, slot: usize) -> Option<View<'_>> {
    SlotStorage::<O>::view(&parameter.slots, slot)
}

fn bytes_of(variables: &impl Variables) -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    let len = write(variables, &mut bytes[..]).unwrap();
    bytes.truncate(len as usize);
    bytes
}

#[test]
fn training_is_about_as_good_as_with_f32_slots() {
    let (_, adam) = trained(Adam::new(0.02));
    let (_, momentum) = trained(Momentum::new(0.01, 0.9));
    assert!(adam < 1.2 && momentum < 1.2, "{adam} {momentum}");
    for (name, found, expected) in [
        (
            "Adam, bf16",
            trained(Compact::<_, Bf16>::new(Adam::new(0.02))).1,
            adam,
        ),
        (
            "Adam, 8 bits",
            trained(Compact::<_, Moments8>::new(Adam::new(0.02))).1,
            adam,
        ),
        (
            "Momentum, bf16",
            trained(Compact::<_, Bf16>::new(Momentum::new(0.01, 0.9))).1,
            momentum,
        ),
        (
            "Momentum, 8 bits",
            trained(Compact::<_, Blocks8>::new(Momentum::new(0.01, 0.9))).1,
            momentum,
        ),
    ] {
        println!("{name}: loss {found}, with f32 {expected}");
        let allowed = if name.contains("8 bits") { 0.05 } else { 0.01 };
        assert!(
            (found - expected).abs() < allowed,
            "{name}: {found} instead of {expected}"
        );
    }
}

#[test]
fn a_parameter_of_adam_takes_six_bytes() {
    fn of<O: Optimizer>() -> usize {
        // What does not depend on the number of parameters, and their bytes.
        let fixed = size_of::<Head<1, 1, O>>() - size_of::<Parameter<[f32; 2], O>>();
        size_of::<Head<64, 10, O>>() - fixed
    }
    let parameters = 64 * 10 + 10;
    let alignment = 16;
    assert!(of::<Adam>() <= 12 * parameters + alignment);
    assert!(of::<Compact<Adam, Bf16>>() <= 8 * parameters + alignment);
    assert!(of::<Compact<Adam, Moments8>>() <= 6 * parameters + alignment);
    assert!(of::<Compact<Momentum, Bf16>>() <= 6 * parameters + alignment);
    assert!(of::<Compact<Momentum, Blocks8>>() <= 5 * parameters + 65 + alignment);
    assert_eq!(
        size_of::<<Compact<Adam, Moments8> as Optimizer>::Slots<[[f32; 10]; 64]>>(),
        1280
    );
}

#[test]
fn slots_are_saved_as_what_they_are() {
    let tensors = |bytes: &[u8]| -> Vec<(String, DType)> {
        let checkpoint = Checkpoint::parse(bytes).unwrap();
        let tensors = checkpoint.tensors();
        tensors
            .map(|t| (t.info.name.to_owned(), t.info.dtype))
            .collect()
    };
    let has = |all: &[(String, DType)], name: &str, dtype: DType| {
        assert!(
            all.contains(&(name.to_owned(), dtype)),
            "{name} {dtype:?} in {all:?}"
        );
    };
    let halves = tensors(&bytes_of(
        &trained(Compact::<_, Bf16>::new(Adam::new(0.02))).0,
    ));
    has(&halves, "head/kernel/Adam", DType::Bf16);
    has(&halves, "head/bias/Adam_1", DType::Bf16);
    has(&halves, "beta1_power", DType::F32);
    let moments = tensors(&bytes_of(
        &trained(Compact::<_, Moments8>::new(Adam::new(0.02))).0,
    ));
    has(&moments, "head/kernel/Adam_m8", DType::I8);
    has(&moments, "head/kernel/Adam_v8", DType::U8);
    let blocks = tensors(&bytes_of(
        &trained(Compact::<_, Blocks8>::new(Momentum::new(0.1, 0.9))).0,
    ));
    has(&blocks, "head/kernel/Momentum_m8", DType::I8);
    has(&blocks, "head/kernel/Momentum_e8", DType::I8);
    has(&blocks, "head/bias/Momentum_e8", DType::I8);
}

#[test]
fn a_restored_run_rounds_as_the_other_one_would_have() {
    fn test<O: Optimizer>(optimizer: impl Fn() -> O) {
        let mut whole = Head::new(optimizer());
        train(&mut whole, 0..40);
        let mut first = Head::new(optimizer());
        train(&mut first, 0..23);
        let file = bytes_of(&first);
        let mut second = Head::new(optimizer());
        let checkpoint = Checkpoint::parse(&file).unwrap();
        restore(&mut second, &checkpoint)
            .unwrap()
            .assert_consumed()
            .unwrap();
        train(&mut second, 23..40);
        assert_eq!(bytes_of(&second), bytes_of(&whole));
    }
    test(|| Compact::<_, Bf16>::new(Adam::new(0.02)));
    test(|| Compact::<_, Moments8>::new(AdamW::new(0.02)));
    test(|| Compact::<_, Blocks8>::new(Momentum::new(0.1, 0.9)));
    test(|| Compact::<_, Bf16>::new(RmsProp::new(0.01)));
}

#[test]
fn slots_start_with_the_optimizers_initial_values() {
    type Rule = Compact<Adagrad, Bf16>;
    let optimizer = Rule::new(Adagrad::with(0.1, 0.1));
    let mut parameter = Parameter::<[f32; 3], Rule>::ZERO;
    parameter.initialize(&optimizer);
    let Some(View::Bf16(slot)) = view(&parameter, 0) else {
        panic!("the slot is no bfloat16 tensor");
    };
    for code in slot {
        let value = f32::from_bits(u32::from(*code) << 16);
        assert!((value - 0.1).abs() < 0.1 / 256.0, "{value}");
    }
}

#[test]
fn rows_of_gradients_reach_encoded_slots_and_an_index_out_of_range_does_not() {
    fn test<O: Optimizer>(optimizer: O) {
        // Rows longer than what is decoded at once.
        let mut parameter = Parameter::<[[f32; 37]; 4], O>::ZERO;
        parameter.initialize(&optimizer);
        parameter.apply_gradient(&optimizer.begin(0), &[[0.5; 37]; 4]);
        let codes = |parameter: &Parameter<[[f32; 37]; 4], O>| {
            let mut bytes = [0; 37 * 4 * 2];
            let slot = view(parameter, 0).expect("there is a slot");
            let len = slot.copy_le(0, &mut bytes);
            bytes[..len].to_vec()
        };
        let before = (parameter.value, codes(&parameter));
        let step = optimizer.begin(1);
        assert!(
            parameter
                .apply_indexed_slices(&step, &[1, 4], &[1.0; 74])
                .is_err()
        );
        assert_eq!((parameter.value, codes(&parameter)), before);
        parameter
            .apply_indexed_slices(&step, &[1, 1], &[-1.0; 74])
            .unwrap();
        assert!(
            before.0[1]
                .iter()
                .zip(&parameter.value[1])
                .all(|(a, b)| a < b)
        );
        assert_ne!(codes(&parameter), before.1);
    }
    test(Compact::<_, Bf16>::new(Adam::new(0.02)));
    test(Compact::<_, Moments8>::new(Adam::new(0.02)));
    test(Compact::<_, Blocks8>::new(Momentum::new(0.1, 0.5)));
}

#[test]
fn a_block_follows_its_largest_element_piece_by_piece() {
    // A vector of 40 is one block, of which 16 elements are decoded at once.
    type Rule = Compact<Momentum, Blocks8>;
    let rule = Rule::new(Momentum::new(1.0, 0.0));
    let mut parameter = Parameter::<[f32; 40], Rule>::ZERO;
    parameter.initialize(&rule);
    let mut gradient = [0.0; 40];
    for (index, g) in gradient.iter_mut().enumerate() {
        *g = number(index as u64) * if index == 20 { 1000.0 } else { 1.0 };
    }
    let mut before = 0.0f32;
    for step in 0..2 {
        // Without momentum the slot is the gradient: large first, then small, then large.
        for scale in [1.0, 1e-6, 1e3] {
            let scaled = gradient.map(|g| g * scale);
            parameter.value = [0.0; 40];
            parameter.apply_gradient(&rule.begin(step), &scaled);
            let codes = view(&parameter, 0).expect("codes");
            let exponents = view(&parameter, 1).expect("exponents");
            let (View::I8(codes), View::I8(e)) = (codes, exponents) else {
                panic!("no int8 tensors");
            };
            let largest = scaled.iter().fold(0.0f32, |a, g| a.max(g.abs()));
            for (index, (&code, g)) in codes.iter().zip(scaled).enumerate() {
                let read = f32::from(code) * 2f32.powi(e[0].into());
                // In units of the block as it was then, and once more where that changed.
                let allowed = largest.max(before) * 0.033;
                let error = (read - g).abs();
                assert!(error <= allowed, "{index}: {read} {g}, {scale}");
            }
            before = largest;
        }
    }
    let mut short = [0.0; 39];
    let row = SlotStorage::<Rule>::row(&mut parameter.slots, 0, 40);
    assert!(Elements::new(&mut short, row, &[0.0; 39]).is_err());
}
