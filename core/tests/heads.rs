//! Heads: the three steps of an optimizer, what trains and what does not, and what is counted.

use gradlet::checkpoint::{Checkpoint, restore, write};
use gradlet::gradient::Piece;
use gradlet::loss::{Huber, MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy};
use gradlet::metrics::{Accuracy, ConfusionMatrix};
use gradlet::tensor::View;
use gradlet::variable::{
    AssignError, Collections, NoVariable, Selection, assign, assign_add, assign_sub,
};
use gradlet::{
    Adam, Batch, Head, HeadError, Hidden, Initialize, L1L2, Mlp, Momentum, Quantization, Quantized,
    Tanh, Variables, Zeroed,
};

const IN: usize = 5;
const HIDDEN: usize = 19;
const OUT: usize = 3;
const B: usize = 4;

/// Numbers in (−1, 1) that follow from their index.
fn number(index: usize) -> f32 {
    ((index * 7919 + 13) % 2003) as f32 / 1001.5 - 1.0
}

fn matrix<const R: usize, const C: usize>(offset: usize) -> [[f32; C]; R] {
    let mut matrix = [[0.0; C]; R];
    let elements = matrix.as_flattened_mut().iter_mut().enumerate();
    elements.for_each(|(index, x)| *x = number(index + offset));
    matrix
}

fn head() -> Head<IN, OUT, Adam> {
    let mut head = Head::new(Adam::new(0.01));
    head.assign(&matrix(1), &[0.1, -0.2, 0.3]);
    head
}

fn mlp() -> Mlp<IN, HIDDEN, OUT, Adam, Tanh> {
    let mut mlp = Mlp::new(Adam::new(0.01));
    mlp.assign_hidden(&matrix(2), &matrix::<1, HIDDEN>(3)[0]);
    mlp.assign_head(&matrix(4), &[0.1, -0.2, 0.3]);
    mlp
}

fn batch(step: usize) -> Batch<B, IN, OUT> {
    let mut batch = Batch::ZERO;
    for sample in 0..B {
        let x = matrix::<1, IN>(100 * step + 10 * sample)[0];
        batch.push(&x, (step + sample) % OUT).unwrap();
    }
    batch
}

/// Names and bits of all variables.
fn state(variables: &impl Variables) -> Vec<(String, Vec<u8>)> {
    (0..variables.count())
        .map(|index| {
            let variable = variables.variable(index).expect("it is counted");
            let mut bytes = vec![0; variable.view.byte_len()];
            variable.view.copy_le(0, &mut bytes);
            (variable.name.to_string(), bytes)
        })
        .collect()
}

fn names(variables: &impl Variables) -> Vec<String> {
    state(variables).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_three_steps_are_minimize_where_nothing_is_done_between_them() {
    let (mut fused, mut stepwise) = (head(), head());
    let (mut fused_mlp, mut stepwise_mlp) = (mlp(), mlp());
    let loss = &SoftmaxCrossEntropy;
    for step in 0..20 {
        let x = matrix::<1, IN>(step)[0];
        let label = step % OUT;
        let minimized = fused.minimize(&x, label).unwrap();
        let gradients = stepwise.compute_gradients(&x, &label, loss).unwrap();
        assert_eq!(gradients.loss(), minimized);
        assert_eq!(gradients.apply_gradients(), minimized);
        fused_mlp.minimize(&x, label).unwrap();
        let gradients = stepwise_mlp.compute_gradients(&x, &label, loss).unwrap();
        gradients.apply_gradients();

        let (mut a, mut b) = (batch(step), batch(step));
        fused.minimize_batch(&mut a).unwrap();
        let gradients = stepwise.compute_batch_gradients(&mut b, loss).unwrap();
        gradients.apply_gradients();
        let (mut c, mut d) = (Hidden::ZERO, Hidden::ZERO);
        fused_mlp.minimize_batch(&mut a, &mut c).unwrap();
        let gradients = stepwise_mlp.compute_batch_gradients(&mut b, &mut d, loss);
        gradients.unwrap().apply_gradients();
    }
    assert_eq!(fused.global_step(), 40);
    assert_eq!(state(&fused), state(&stepwise));
    assert_eq!(fused_mlp.global_step(), 40);
    assert_eq!(state(&fused_mlp), state(&stepwise_mlp));
}

#[test]
fn a_batch_of_one_trains_as_its_sample() {
    let (mut single, mut batched) = (mlp(), mlp());
    let (mut a, mut b) = (head(), head());
    for step in 0..10 {
        let x = matrix::<1, IN>(step)[0];
        let mut batch = Batch::<1, IN, OUT>::ZERO;
        batch.push(&x, step % OUT).unwrap();
        let loss = single.minimize(&x, step % OUT);
        let mut hidden = Hidden::ZERO;
        assert_eq!(loss, batched.minimize_batch(&mut batch, &mut hidden));
        assert_eq!(a.minimize(&x, step % OUT), b.minimize_batch(&mut batch));
    }
    assert_eq!(a.kernel(), b.kernel());
    let x = matrix::<1, IN>(77)[0];
    assert_eq!(single.logits(&x), batched.logits(&x));
}

#[test]
fn a_hidden_layer_learns_what_a_single_layer_cannot() {
    // Exclusive or.
    let samples = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let mut mlp = Mlp::<2, 8, 2, Adam, Tanh>::new(Adam::new(0.05));
    mlp.assign_hidden(&matrix(5), &matrix::<1, 8>(6)[0]);
    mlp.assign_head(&matrix(7), &[0.0; 2]);
    let mut accuracy = Accuracy::new();
    for step in 0..800 {
        let x = &samples[step % 4];
        mlp.minimize(x, usize::from(x[0] != x[1])).unwrap();
    }
    for x in &samples {
        accuracy.update(usize::from(x[0] != x[1]), mlp.predict(x));
    }
    assert_eq!(accuracy.value(), 1.0);
}

#[test]
fn quantized_features_train_as_their_real_values() {
    let (scale, zero_point) = (0.05, -7);
    let quantization = Quantization { scale, zero_point };
    let values = [-128i8, 127, 0, 5, -7];
    let real = values.map(|q| (f32::from(q) + 7.0) * scale);
    let (mut a, mut b) = (mlp(), mlp());
    let values = &values;
    let quantized = Quantized {
        values,
        quantization,
    };
    assert_eq!(a.minimize(&quantized, 1), b.minimize(&real, 1));
    assert_eq!(state(&a), state(&b));
    let mut ints = Batch::<2, IN, OUT, i8>::ZERO;
    ints.initialize(quantization);
    let mut reals = Batch::<2, IN, OUT>::ZERO;
    for label in [2, 0] {
        ints.push(values, label).unwrap();
        reals.push(&real, label).unwrap();
    }
    let (mut c, mut d) = (Hidden::ZERO, Hidden::ZERO);
    assert_eq!(
        a.minimize_batch(&mut ints, &mut c),
        b.minimize_batch(&mut reals, &mut d)
    );
    assert_eq!(state(&a), state(&b));
}

#[test]
fn only_the_variables_of_the_list_train() {
    let mut mlp = mlp();
    mlp.minimize(&matrix::<1, IN>(9)[0], 1).unwrap();
    let before = state(&mlp);
    mlp.set_trainable(&["head/bias", "hidden/kernel"]).unwrap();
    mlp.minimize(&matrix::<1, IN>(10)[0], 2).unwrap();
    let mut hidden = Hidden::ZERO;
    mlp.minimize_batch(&mut batch(1), &mut hidden).unwrap();
    let x = matrix::<1, IN>(11)[0];
    let gradients = mlp.compute_gradients(&x, &0, &SoftmaxCrossEntropy).unwrap();
    gradients.clip_by_global_norm(0.1).apply_gradients();
    for ((name, before), (_, after)) in before.iter().zip(state(&mlp)) {
        let frozen = name.starts_with("head/kernel") || name.starts_with("hidden/bias");
        assert_eq!(frozen, *before == after, "{name}");
    }
    for index in 0..mlp.count() {
        let variable = mlp.variable(index).unwrap();
        let trains = variable.collections.contains(Collections::TRAINABLE);
        let listed = ["head/bias", "hidden/kernel"].map(|name| variable.name.is(name.as_bytes()));
        assert_eq!(trains, listed.contains(&true), "{}", variable.name);
    }

    let refused = mlp.set_trainable(&["head/bias", "head/kernel/Adam"]);
    assert_eq!(refused, Err(NoVariable { position: 1 }));
    let mut head = head();
    assert_eq!(
        head.set_trainable(&["hidden/bias"]),
        Err(NoVariable { position: 0 })
    );
    head.set_trainable(&["head/bias"]).unwrap();
    head.set_trainable(&["head/kernel", "head/bias"]).unwrap();
    let before = *head.kernel();
    head.minimize_batch(&mut batch(2)).unwrap();
    assert_ne!(*head.kernel(), before, "it trains again");
}

#[test]
fn norms_count_only_what_trains() {
    let mut head = head();
    let x = matrix::<1, IN>(12)[0];
    let loss = &SoftmaxCrossEntropy;
    let both = head.compute_gradients(&x, &1, loss).unwrap().global_norm();
    head.set_trainable(&["head/bias"]).unwrap();
    let gradients = head.compute_gradients(&x, &1, loss).unwrap();
    let bias = gradients.global_norm();
    let mut squares = 0.0f32;
    gradients.each(|piece| {
        assert!(piece.name.is(b"head/bias"));
        squares += piece.gradient.iter().map(|g| g * g).sum::<f32>();
    });
    assert!((bias - squares.sqrt()).abs() < 1e-6 && bias < both);
}

#[test]
fn processes_happen_in_the_order_in_which_they_are_asked_for() {
    let x = matrix::<1, IN>(13)[0];
    let (mut first, mut second) = (head(), head());
    let loss = &SigmoidCrossEntropy;
    let seen = |head: &mut Head<IN, OUT, Adam>, clip_first: bool| {
        let gradients = head.compute_gradients(&x, &1, loss).unwrap();
        let mut all = Vec::new();
        let mut collect = |piece: &Piece<'_>| all.extend_from_slice(piece.gradient);
        match clip_first {
            true => gradients
                .clip_by_value(-0.01, 0.01)
                .scale(3.0)
                .each(&mut collect),
            false => gradients
                .scale(3.0)
                .clip_by_value(-0.01, 0.01)
                .each(&mut collect),
        }
        all
    };
    let (a, b) = (seen(&mut first, true), seen(&mut second, false));
    let largest = |all: &[f32]| all.iter().fold(0.0f32, |a, x| a.max(x.abs()));
    assert_eq!((largest(&a), largest(&b)), (0.03, 0.01));
    assert_eq!(state(&first), state(&head()), "looking changes nothing");
}

#[test]
fn a_penalty_pulls_kernels_and_leaves_biases() {
    let penalty = L1L2 { l1: 0.5, l2: 0.25 };
    assert_eq!(penalty.loss(&[1.0, -2.0]), 0.5 * 3.0 + 0.25 * 5.0);
    let mut head = head();
    let x = [0.0; IN];
    let (kernel, bias) = (*head.kernel(), *head.bias());
    // No gradient of a loss: the outputs are what they should be.
    let outputs = head.logits(&x);
    let gradients = head.compute_gradients(&x, &outputs, &MeanSquaredError);
    let gradients = gradients.unwrap().kernel_regularizer(penalty);
    gradients.each(|piece| {
        for (g, v) in piece.gradient.iter().zip(piece.variable) {
            let pulled = piece.name.is(b"head/kernel");
            let expected = if pulled {
                0.5 * v.signum() + 0.5 * v
            } else {
                0.0
            };
            assert!((g - expected).abs() < 1e-6, "{}", piece.name);
        }
    });
    gradients.apply_gradients();
    assert_eq!(*head.bias(), bias);
    let pulled = |(new, old): (&f32, &f32)| new.abs() < old.abs() || old.abs() < 0.02;
    let elements = head
        .kernel()
        .as_flattened()
        .iter()
        .zip(kernel.as_flattened());
    assert!(elements.into_iter().all(pulled));
}

#[test]
fn vectors_label_samples_and_batches() {
    let mut head = Head::<2, 2, Momentum>::new(Momentum::new(0.05, 0.5));
    let target = |x: &[f32; 2]| [3.0 * x[0] - x[1] + 0.5, x[0] + 2.0 * x[1] - 1.0];
    let mut batch = Batch::<3, 2, 2, f32, [f32; 2]>::ZERO;
    for step in 0..600 {
        let x = [number(step), number(step + 999)];
        batch.push(&x, target(&x)).unwrap();
        if batch.is_full() {
            head.minimize_batch_loss(&mut batch, &MeanSquaredError)
                .unwrap();
            batch.clear();
        }
        head.minimize_loss(&x, &target(&x), &Huber::new(0.5))
            .unwrap();
    }
    for (kernel, expected) in head
        .kernel()
        .as_flattened()
        .iter()
        .zip([3.0, 1.0, -1.0, 2.0])
    {
        assert!((kernel - expected).abs() < 1e-3, "{:?}", head.kernel());
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    let (mut head, mut mlp) = (head(), mlp());
    let before = (state(&head), state(&mlp));
    let x = [1.0; IN];
    let error = HeadError::Label {
        classes: OUT,
        found: OUT,
    };
    assert_eq!(head.minimize(&x, OUT), Err(error));
    assert_eq!(mlp.minimize(&x, OUT), Err(error));
    assert_eq!(
        head.minimize_loss(&x, &OUT, &SigmoidCrossEntropy),
        Err(error)
    );
    let refused = head.compute_gradients(&x, &OUT, &SoftmaxCrossEntropy);
    assert_eq!(refused.err(), Some(error));
    let refused = mlp.compute_gradients(&x, &OUT, &SoftmaxCrossEntropy);
    assert_eq!(refused.err(), Some(error));
    let mut empty = Batch::<B, IN, OUT>::ZERO;
    assert_eq!(empty.push(&x, OUT), Err(error));
    assert!(empty.is_empty());
    assert_eq!(head.minimize_batch(&mut empty), Err(HeadError::EmptyBatch));
    let mut hidden = Hidden::ZERO;
    assert_eq!(
        mlp.minimize_batch(&mut empty, &mut hidden),
        Err(HeadError::EmptyBatch)
    );
    let dropped = head.compute_gradients(&x, &1, &SoftmaxCrossEntropy);
    drop(dropped);
    assert_eq!((state(&head), state(&mlp)), before);
}

#[test]
fn variables_are_assigned_by_name() {
    let mut mlp = mlp();
    assign(&mut mlp, "hidden/bias", &[2.0; HIDDEN]).unwrap();
    assign_add(&mut mlp, "hidden/bias", &[0.5; HIDDEN]).unwrap();
    assign_sub(&mut mlp, "hidden/bias", &[1.0; HIDDEN]).unwrap();
    let index = names(&mlp)
        .iter()
        .position(|name| name == "hidden/bias")
        .unwrap();
    assert_eq!(mlp.variable(index).unwrap().view, View::F32(&[1.5; HIDDEN]));

    let before = state(&mlp);
    let none = AssignError::NoVariable;
    assert_eq!(assign(&mut mlp, "hidden/biases", &[1.0]), Err(none));
    let (expected, found) = (HIDDEN, 2);
    let length = AssignError::Length { expected, found };
    assert_eq!(assign_add(&mut mlp, "hidden/bias", &[1.0; 2]), Err(length));
    let refused = assign(&mut mlp, "global_step", &[1.0]);
    assert!(
        matches!(refused, Err(AssignError::DType { .. })),
        "{refused:?}"
    );
    assert_eq!(state(&mlp), before);
}

#[test]
fn collections_select_what_is_saved() {
    let mut trained = mlp();
    trained.minimize(&[1.0; IN], 2).unwrap();
    let mut bytes = [0; 8192];
    let model = Selection::new(&trained, Collections::MODEL);
    assert_eq!(
        names(&model),
        ["head/bias", "head/kernel", "hidden/bias", "hidden/kernel"]
    );
    let len = write(&model, &mut bytes[..]).unwrap() as usize;
    let checkpoint = Checkpoint::parse(&bytes[..len]).unwrap();

    let mut other = mlp();
    let slots_before = state(&other);
    let mut model = Selection::new(&mut other, Collections::MODEL);
    restore(&mut model, &checkpoint)
        .unwrap()
        .assert_consumed()
        .unwrap();
    let x = matrix::<1, IN>(21)[0];
    assert_eq!(other.logits(&x), trained.logits(&x));
    for ((name, before), (_, after)) in slots_before.iter().zip(state(&other)) {
        let slot = name.contains("Adam") || !name.contains('/');
        assert_eq!(slot, *before == after, "{name}");
    }
}

#[test]
fn metrics_count_and_are_not_saved() {
    let mut confusion = ConfusionMatrix::<3>::new();
    let mut accuracy = Accuracy::new();
    for (label, prediction) in [(0, 0), (0, 2), (1, 1), (2, 2), (2, 2), (1, 0)] {
        confusion.update(label, prediction);
        accuracy.update(label, prediction);
    }
    confusion.update(3, 0);
    confusion.update(0, 3);
    assert_eq!(confusion.counts(), &[[1, 0, 1], [1, 1, 0], [0, 0, 2]]);
    assert_eq!(
        (accuracy.value(), confusion.accuracy()),
        (4.0 / 6.0, 4.0 / 6.0)
    );
    assert_eq!(
        [0, 1, 2, 3].map(|class| confusion.recall(class)),
        [0.5, 0.5, 1.0, 0.0]
    );

    let head = head();
    let mut alone = [0; 4096];
    let mut together = [0; 4096];
    write(&head, &mut alone[..]).unwrap();
    write(&(&head, &accuracy, &confusion), &mut together[..]).unwrap();
    let parsed = |bytes: &[u8]| Checkpoint::parse(bytes).unwrap().tensors().count();
    assert_eq!(parsed(&alone), parsed(&together));
    assert_eq!(names(&accuracy), ["accuracy/count", "accuracy/total"]);
    confusion.reset();
    accuracy.reset();
    assert_eq!((accuracy.value(), confusion.accuracy()), (0.0, 0.0));
}
