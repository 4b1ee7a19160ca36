//! What the kernels make of numbers of every kind, a digest a case: the same program on the host
//! and on the board.
//!
//! The cases are not inlined, so that their buffers share the stack of a small board.

use gradlet::loss::Loss;
use gradlet::optimizer::{Elements, Optimizer, Parameter};
use gradlet::{Adam, Batch, Crc32c, Head, Momentum, Quantization, Quantized, Real, Zeroed};

/// Gives `report` the name of each case and the digest of its results.
pub(crate) fn run(report: &mut impl FnMut(&'static str, u32)) {
    report("arithmetic", arithmetic());
    report("softmax and its loss", softmax());
    report("adam, gradient in memory", adam());
    report("momentum, gradient in memory", momentum());

    macro_rules! outer {
        ($($columns:literal)+) => {$(
            report(
                concat!("adam, outer product, columns: ", $columns),
                adam_outer::<$columns>(),
            );
            report(
                concat!("momentum, outer product, columns: ", $columns),
                momentum_outer::<$columns>(),
            );
            report(concat!("logits, columns: ", $columns), logits::<$columns>());
            report(concat!("gradient, columns: ", $columns), gradient::<$columns>());
        )+};
    }
    outer!(1 2 3 4 5 6 7 8 9 10 11 13 14 15 19 20 28 35);

    report("a head on Adam", train::<24, 10, _>(Adam::new(0.01)));
    report(
        "a head on Momentum",
        train::<9, 3, _>(Momentum::new(0.1, 0.9)),
    );
    report(
        "a head on Momentum with look-ahead",
        train::<5, 12, _>(Momentum::nesterov(0.1, 0.9)),
    );
}

/// Longer than any piece that a kernel treats at once, several times.
const LONGEST: usize = 67;

/// Rows of a matrix, of which some are updated.
const ROWS: usize = 9;

fn rates() -> [Adam; 5] {
    [
        Adam::new(0.01),
        Adam::with(0.5, 0.0, 0.5, 1.0),
        Adam::with(-0.1, 0.9, 0.999, 1e-8),
        Adam::with(f32::INFINITY, 0.9, 0.999, 0.0),
        Adam::with(1e-37, 1.0, 0.25, 1e-39),
    ]
}

#[inline(never)]
fn adam() -> u32 {
    let mut numbers = Numbers::new(1);
    let mut digest = Digest::new();
    for adam in rates() {
        for len in 0..=LONGEST {
            let [mut v, mut m, mut s, g] =
                core::array::from_fn(|_| numbers.array::<{ LONGEST + 1 }>());
            s.iter_mut().skip(1).for_each(|s| *s = s.abs());
            let slots = [&mut m[..len], &mut s[..len]];
            if let Ok(elements) = Elements::new(&mut v[..len], slots, &g[..len]) {
                Adam::<f32>::update(&adam.begin(0), elements);
            }
            [v, m, s].iter().for_each(|slice| digest.add(slice));
        }
    }
    digest.value()
}

#[inline(never)]
fn momentum() -> u32 {
    let mut numbers = Numbers::new(2);
    let mut digest = Digest::new();
    for [lr, mu] in [
        [0.01, 0.9],
        [-2.0, 0.0],
        [1e-20, -1.0],
        [1e-39, f32::INFINITY],
    ] {
        for len in 0..=LONGEST {
            let [mut v, mut a, g] = core::array::from_fn(|_| numbers.array::<{ LONGEST + 1 }>());
            if let Ok(elements) = Elements::new(&mut v[..len], [&mut a[..len]], &g[..len]) {
                Momentum::<f32>::update(&Momentum::new(lr, mu).begin(0), elements);
            }
            [v, a].iter().for_each(|slice| digest.add(slice));
        }
    }
    digest.value()
}

#[inline(never)]
fn adam_outer<const N: usize>() -> u32 {
    let mut numbers = Numbers::new(3);
    let mut digest = Digest::new();
    for adam in rates() {
        for len in 0..=ROWS {
            let mut parameter = Parameter::<[[f32; N]; ROWS], Adam>::ZERO;
            let Parameter { value, slots, .. } = &mut parameter;
            numbers.fill(value.as_flattened_mut());
            numbers.fill(slots.as_flattened_mut().as_flattened_mut());
            let [first_moments, second_moments] = slots;
            for (m, s) in first_moments.iter_mut().zip(second_moments) {
                // Many rows that never trained, some that nearly did not.
                let zero = [0.0, 0.0, 0.0, -0.0][numbers.below(4)];
                if numbers.below(2) == 0 {
                    *m = [zero; N];
                    *s = [zero.abs(); N];
                    let moments = if numbers.below(2) == 0 { m } else { s };
                    moments[numbers.below(N)] = zero;
                }
            }
            let (x, delta) = outer_product::<N>(&mut numbers);
            let first = numbers.below(ROWS + 1 - len);
            Adam::<f32>::update_outer(&adam.begin(0), &mut parameter, first, &x[..len], &delta);
            digest.add(parameter.value.as_flattened());
            for slot in &parameter.slots {
                digest.add(slot.as_flattened());
            }
        }
    }
    digest.value()
}

#[inline(never)]
fn momentum_outer<const N: usize>() -> u32 {
    let mut numbers = Numbers::new(4);
    let mut digest = Digest::new();
    for [lr, mu] in [[0.01, 0.9], [-2.0, 0.0], [1e-20, -1.0]] {
        for len in 0..=ROWS {
            let mut parameter = Parameter::<[[f32; N]; ROWS], Momentum>::ZERO;
            numbers.fill(parameter.value.as_flattened_mut());
            numbers.fill(parameter.slots[0].as_flattened_mut());
            let (x, delta) = outer_product::<N>(&mut numbers);
            let first = numbers.below(ROWS + 1 - len);
            let step = Momentum::new(lr, mu).begin(0);
            Momentum::<f32>::update_outer(&step, &mut parameter, first, &x[..len], &delta);
            digest.add(parameter.value.as_flattened());
            digest.add(parameter.slots[0].as_flattened());
        }
    }
    digest.value()
}

/// Features, half of them zeros of either sign, and deltas, mostly all finite.
fn outer_product<const N: usize>(numbers: &mut Numbers) -> ([f32; ROWS], [f32; N]) {
    let x = core::array::from_fn(|_| match numbers.below(4) {
        0 => 0.0,
        1 => -0.0,
        _ => numbers.any(),
    });
    let delta = match numbers.below(3) {
        0 => numbers.array(),
        _ => core::array::from_fn(|_| numbers.moderate()),
    };
    (x, delta)
}

#[inline(never)]
fn logits<const N: usize>() -> u32 {
    let mut numbers = Numbers::new(5);
    let mut digest = Digest::new();
    let mut head = Head::<ROWS, N, Momentum>::new(Momentum::new(0.0, 0.0));
    for _ in 0..4 {
        let kernel = core::array::from_fn(|_| core::array::from_fn(|_| numbers.moderate()));
        head.assign(&kernel, &numbers.array());
        digest.add(&head.logits(&numbers.array::<ROWS>()));
        let kernel = core::array::from_fn(|_| numbers.array());
        head.assign(&kernel, &numbers.array());
        digest.add(&head.logits(&numbers.array::<ROWS>()));
    }
    digest.value()
}

/// The gradient of batches, none of them without numbers of a strange kind; one is longer than any
/// run that a kernel treats at once.
#[inline(never)]
fn gradient<const N: usize>() -> u32 {
    let mut numbers = Numbers::new(9);
    let mut digest = Digest::new();
    let mut head = Head::<2, N, Momentum>::new(Momentum::new(0.0, 0.0));
    let mut batch = Batch::<LONG_BATCH, 2, N, f32, [f32; N]>::ZERO;
    for samples in [1, 2, 3, LONG_BATCH] {
        batch.clear();
        for _ in 0..samples {
            // A batch that is not full takes a sample.
            let _ = batch.push(&numbers.array(), numbers.array());
        }
        if let Ok(gradients) = head.compute_batch_gradients(&mut batch, &Delta) {
            gradients.each(|piece| digest.add(piece.gradient));
        }
    }
    digest.value()
}

/// Samples of which a kernel's gradient is summed in more than one run.
const LONG_BATCH: usize = 19;

/// A loss whose gradient is the label.
struct Delta;

impl<const N: usize> Loss<[f32; N], N> for Delta {
    fn differentiate(&self, outputs: &mut [f32; N], label: &[f32; N]) -> f32 {
        *outputs = *label;
        0.0
    }
}

/// Some steps on samples of each kind; many features are 0, one always is.
#[inline(never)]
fn train<const IN: usize, const OUT: usize, O: Optimizer>(optimizer: O) -> u32 {
    let mut numbers = Numbers::new(6);
    let mut digest = Digest::new();
    let mut head = Head::<IN, OUT, O>::new(optimizer);
    let kernel = core::array::from_fn(|_| core::array::from_fn(|_| numbers.moderate()));
    head.assign(&kernel, &core::array::from_fn(|_| numbers.moderate()));
    let mut batch = Batch::<3, IN, OUT>::ZERO;
    for label in (0..OUT).chain(0..OUT) {
        let x = core::array::from_fn(|row| match (row, numbers.below(2)) {
            (1, _) | (_, 0) => 0.0,
            _ => numbers.moderate(),
        });
        let quantized = Quantized {
            values: &core::array::from_fn(|_| numbers.bits() as i8),
            quantization: Quantization {
                scale: 0.03,
                zero_point: -7,
            },
        };
        let label = label % OUT;
        let losses = [
            head.minimize(&x, label),
            head.minimize(&quantized, label),
            batch
                .fill([(&x, label), (&x, 0), (&x, OUT - 1)])
                .and_then(|()| head.minimize_batch(&mut batch)),
        ];
        digest.add(&losses.map(|loss| loss.unwrap_or(f32::NAN)));
        digest.add(&head.logits(&x));
    }
    digest.add(head.kernel().as_flattened());
    digest.add(head.bias());
    digest.value()
}

#[inline(never)]
fn arithmetic() -> u32 {
    let mut numbers = Numbers::new(7);
    let mut digest = Digest::new();
    for _ in 0..3_000 {
        let [a, b] = [numbers.any(), numbers.any()].map(Real::new);
        let results = [
            a,
            a + b,
            a - b,
            a * b,
            a / b,
            a.abs().sqrt(),
            b.abs().sqrt(),
        ];
        digest.add(&results.map(Real::get));
    }
    digest.value()
}

#[inline(never)]
fn softmax() -> u32 {
    let mut numbers = Numbers::new(8);
    let mut digest = Digest::new();
    for round in 0..60 {
        let mut logits: [f32; 11] = core::array::from_fn(|_| match round % 3 {
            0 => numbers.moderate(),
            1 => numbers.moderate() * 30.0,
            _ => numbers.any(),
        });
        let loss = gradlet::loss::softmax_cross_entropy(&mut logits, numbers.below(11));
        digest.add(&logits);
        digest.add(&[loss]);
    }
    digest.value()
}

/// A source of numbers that is the same everywhere.
struct Numbers(u32);

impl Numbers {
    fn new(seed: u32) -> Self {
        Self(0x9e37_79b9 ^ seed.wrapping_mul(0x85eb_ca6b))
    }

    fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.bits() >> 8) as usize % bound
    }

    /// From about ±0.001 to ±4.
    fn moderate(&mut self) -> f32 {
        self.with_exponent(117, 12)
    }

    /// One of `count` biased exponents from `first` on.
    fn with_exponent(&mut self, first: u32, count: usize) -> f32 {
        let exponent = first + self.below(count) as u32;
        f32::from_bits(self.bits() & 0x807f_ffff | exponent << 23)
    }

    /// A number of any kind: zeros, denormals, numbers near them, infinities and NaNs too.
    fn any(&mut self) -> f32 {
        match self.below(24) {
            0 => self.with_exponent(0, 1) * 0.0,
            1 => self.with_exponent(0, 1),
            2 | 3 => self.with_exponent(1, 4),
            4 => self.with_exponent(40, 60),
            5 => self.with_exponent(1, 254),
            6 => f32::from_bits(self.bits() & 0x8000_0000 | f32::INFINITY.to_bits()),
            7 => self.with_exponent(255, 1),
            _ => self.moderate(),
        }
    }

    fn fill(&mut self, slice: &mut [f32]) {
        slice.fill_with(|| self.any());
    }

    fn array<const N: usize>(&mut self) -> [f32; N] {
        core::array::from_fn(|_| self.any())
    }
}

/// A checksum of numbers' bits, all NaNs alike: which NaN an operation gives is the processor's.
struct Digest(Crc32c);

impl Digest {
    fn new() -> Self {
        Self(Crc32c::new())
    }

    fn add(&mut self, numbers: &[f32]) {
        for number in numbers {
            let bits = if number.is_nan() {
                f32::NAN.to_bits()
            } else {
                number.to_bits()
            };
            self.0.update(&bits.to_le_bytes());
        }
    }

    fn value(&self) -> u32 {
        self.0.value()
    }
}
