//! A replay buffer: which samples stay, in which order they come, and that a checkpoint holds both.

use gradlet::checkpoint::{Checkpoint, RestoreError, restore, write};
use gradlet::tensor::ViewMut;
use gradlet::variable::Named;
use gradlet::{
    Adam, Batch, Head, HeadError, Initialize, Owned, Quantization, ReplayBuffer, Variables, Zeroed,
};

const CLASSES: usize = 4;
type Buffer<const N: usize> = ReplayBuffer<N, 2, CLASSES>;

/// Sample `index` of a stream, which tells its index.
fn features(index: u32) -> [i8; 2] {
    [(index % 128) as i8, (index / 128) as i8]
}

fn index(features: &[i8; 2]) -> u32 {
    u32::from(features[0] as u8) + 128 * u32::from(features[1] as u8)
}

fn bytes_of(variables: &impl Variables) -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    let len = write(variables, &mut bytes[..]).expect("it fits in a checkpoint");
    bytes.truncate(len as usize);
    bytes
}

#[test]
fn all_samples_stay_while_there_is_room() {
    let mut buffer = Buffer::<10>::new(1);
    for sample in 0..10 {
        assert_eq!(buffer.push(&features(sample), 0), Ok(true));
    }
    let kept: Vec<_> = buffer
        .samples()
        .map(|(x, label)| (index(x), label))
        .collect();
    assert_eq!(kept, (0..10).map(|sample| (sample, 0)).collect::<Vec<_>>());
    assert_eq!((buffer.seen(0), buffer.kept(0), buffer.len()), (10, 10, 10));
}

#[test]
fn classes_are_balanced_however_many_samples_of_each_come() {
    // 97 % of the samples are of class 0, and the last class comes late.
    let class = |sample: u32| match sample {
        _ if sample % 100 < 97 => 0,
        _ if sample < 3000 => 1 + sample % 2,
        _ => 1 + sample % 3,
    };
    for seed in 0..20 {
        let mut buffer = Buffer::<40>::new(seed);
        for sample in 0..4000 {
            buffer
                .push(&features(sample), class(sample) as usize)
                .unwrap();
        }
        let kept = [0, 1, 2, 3].map(|class| buffer.kept(class));
        assert_eq!(kept.iter().sum::<usize>(), 40);
        assert!(kept.iter().all(|kept| (9..=11).contains(kept)), "{kept:?}");
        for (x, label) in buffer.samples() {
            assert_eq!(class(index(x)) as usize, label, "features with their label");
        }
    }
}

#[test]
fn every_sample_of_a_class_has_the_same_chance_to_stay() {
    const SEEDS: i64 = 2000;
    let mut counts = [0u32; 80];
    for seed in 0..SEEDS {
        let mut buffer = Buffer::<20>::new(seed);
        for sample in 0..80 {
            buffer.push(&features(sample), 0).unwrap();
        }
        for (x, _) in buffer.samples() {
            counts[index(x) as usize] += 1;
        }
    }
    // 20 of 80: a quarter, with a standard deviation of 1 %.
    for (sample, &count) in counts.iter().enumerate() {
        let share = f64::from(count) / SEEDS as f64;
        assert!((0.21..0.29).contains(&share), "sample {sample}: {share}");
    }
}

#[test]
fn a_pass_brings_every_sample_once_in_an_order_of_its_own() {
    let mut buffer = Buffer::<12>::new(5);
    for sample in 0..12 {
        buffer
            .push(&features(sample), sample as usize % CLASSES)
            .unwrap();
    }
    let mut pass = || -> Vec<u32> {
        (0..12)
            .map(|_| index(buffer.next_sample().expect("there are samples").0))
            .collect()
    };
    let passes = [pass(), pass(), pass()];
    for pass in &passes {
        let mut sorted = pass.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..12).collect::<Vec<_>>());
    }
    assert_ne!(passes[0], passes[1]);
    assert_ne!(passes[1], passes[2]);
}

#[test]
fn an_empty_buffer_fills_an_empty_batch() {
    let mut buffer = Buffer::<3>::new(0);
    let mut batch = Batch::<2, 2, CLASSES, i8>::ZERO;
    batch.push(&[1, 2], 0).unwrap();
    buffer.fill(&mut batch).unwrap();
    assert!(batch.is_empty() && buffer.is_empty());
    assert_eq!(buffer.next_sample(), None);
    buffer.push(&[1, 2], 3).unwrap();
    buffer.fill(&mut batch).unwrap();
    assert_eq!(batch.len(), 2, "the only sample twice");
    assert_eq!(Buffer::<0>::new(0).push(&[1, 2], 3), Ok(false));
}

#[test]
fn a_class_that_there_is_not_changes_nothing() {
    let mut buffer = Buffer::<3>::new(0);
    buffer.push(&[1, 2], 3).unwrap();
    let before = bytes_of(&buffer);
    for label in [CLASSES, 65_536 + 1, usize::MAX] {
        let refused = buffer.push(&[3, 4], label);
        let (classes, found) = (CLASSES, label);
        assert_eq!(refused, Err(HeadError::Label { classes, found }));
    }
    assert_eq!(bytes_of(&buffer), before);
}

/// What a firmware trains, and how far it has read its source.
struct Run {
    head: Head<2, CLASSES, Adam>,
    replay: Buffer<10>,
    cursor: i64,
}

impl Run {
    fn new(seed: i64) -> Self {
        Self {
            head: Head::new(Adam::new(0.01)),
            replay: Buffer::new(seed),
            cursor: 0,
        }
    }

    /// Reads `samples` more of the source; returns the losses.
    fn train(&mut self, samples: usize) -> Vec<u32> {
        let mut batch = Batch::<4, 2, CLASSES, i8>::ZERO;
        let (scale, zero_point) = (0.1, 3);
        batch.initialize(Quantization { scale, zero_point });
        let mut losses = Vec::new();
        for _ in 0..samples {
            let label = (self.cursor * self.cursor % 7 % 4) as usize;
            let x = features((self.cursor * 37 % 128) as u32);
            self.replay.push(&x, label).unwrap();
            self.replay.fill(&mut batch).unwrap();
            losses.push(self.head.minimize_batch(&mut batch).unwrap().to_bits());
            self.cursor += 1;
        }
        losses
    }

    fn variables(&mut self) -> impl Variables {
        let cursor = Named::number("cursor", &mut self.cursor);
        (&mut self.head, &mut self.replay, cursor)
    }
}

#[test]
fn a_restored_run_continues_the_order_exactly_where_it_stopped() {
    // Also while the buffer fills, and in the middle of a pass.
    for stop in [1, 3, 6, 11, 25, 60] {
        let mut whole = Run::new(42);
        let losses = whole.train(100);

        let mut first = Run::new(42);
        assert_eq!(first.train(stop), losses[..stop]);
        let file = bytes_of(&first.variables());

        // Another seed: what counts is the one of the checkpoint.
        let mut second = Run::new(1);
        let checkpoint = Checkpoint::parse(&file).unwrap();
        let status = restore(&mut second.variables(), &checkpoint).unwrap();
        status.assert_consumed().unwrap();
        assert_eq!(second.cursor, stop as i64);
        assert_eq!(second.train(100 - stop), losses[stop..], "after {stop}");
        assert_eq!(bytes_of(&second.variables()), bytes_of(&whole.variables()));
    }
}

#[test]
fn another_seed_brings_another_order() {
    assert_ne!(Run::new(1).train(30), Run::new(2).train(30));
}

#[test]
fn the_model_id_and_the_step_of_a_pair_are_those_of_all_its_variables() {
    let mut run = Run::new(0);
    run.train(3);
    let ids = [
        run.head.model_id(),
        run.replay.model_id(),
        (&run.head, &run.replay).model_id(),
        (&run.replay, &run.head).model_id(),
        (&run.head, &Buffer::<11>::new(0)).model_id(),
        run.variables().model_id(),
    ];
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id), "{ids:?}");
    }
    assert_eq!((&run.head, &run.replay).global_step(), 3);
    assert_eq!((&run.head, &run.replay).model_id(), {
        let (head, replay) = (&mut run.head, &mut run.replay);
        (head, replay).model_id()
    });
}

#[test]
fn what_is_only_lent_is_not_assigned() {
    let mut run = Run::new(0);
    let file = bytes_of(&(&run.head, &run.replay));
    let checkpoint = Checkpoint::parse(&file).unwrap();
    let refused = restore(&mut (&run.head, &run.replay), &checkpoint);
    assert!(matches!(refused, Err(RestoreError::Changed)), "{refused:?}");
    assert!(restore(&mut (&mut run.head, &mut run.replay), &checkpoint).is_ok());
}

#[test]
fn a_static_pair_is_set_up_member_by_member() {
    static MODEL: Owned<(Head<2, CLASSES, Adam>, Buffer<5>)> = Owned::new();
    let (head, replay) = MODEL.init((Adam::new(0.5), 9)).unwrap();
    replay.push(&[1, 2], 1).unwrap();
    head.minimize(&[1.0, 2.0], 1).unwrap();
    let mut other = Buffer::<5>::new(9);
    other.push(&[1, 2], 1).unwrap();
    assert_eq!(bytes_of(replay), bytes_of(&other));
}

#[test]
fn numbers_out_of_range_in_a_checkpoint_never_panic() {
    let mut buffer = Buffer::<6>::new(0);
    for sample in 0..6 {
        buffer.push(&features(sample), 1).unwrap();
    }
    for index in 0..buffer.count() {
        match buffer.variable_mut(index).expect("a variable") {
            ViewMut::I8(x) => x.fill(-1),
            ViewMut::U8(x) => x.fill(u8::MAX),
            ViewMut::U16(x) => x.fill(u16::MAX),
            ViewMut::U32(x) => x.fill(u32::MAX),
            ViewMut::I64(x) => x.fill(i64::MIN),
            view => panic!("{view:?}"),
        }
    }
    assert_eq!(buffer.len(), 6);
    let mut batch = Batch::<4, 2, CLASSES, i8>::ZERO;
    let refused = buffer.fill(&mut batch);
    assert!(
        matches!(refused, Err(HeadError::Label { .. })),
        "{refused:?}"
    );
    for label in [0, 1, 2, 3, 0, 1] {
        buffer.push(&[0, 0], label).unwrap();
    }
    assert!(buffer.next_sample().is_some());
}
