//! Losses and heads beside what TensorFlow computed (`tests/interop/heads.py` records it).
//!
//! TensorFlow promises no order for the sums of a dense layer and none for its vectorised
//! exponentials, so numbers may differ by some roundings: by [`TOLERANCE`] of 1, of the loss, of the
//! largest number of the tensor or of the largest sum of magnitudes that a gradient is the sum of,
//! whichever is largest; and by what the roundings of a layer's sums do to all that follows, which
//! is most where large products cancel.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::{fs, path::Path};

use gradlet::gradient::{L1L2, Piece};
use gradlet::loss::{
    Hinge, Huber, Label, Loss, MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy,
};
use gradlet::variable::assign;
use gradlet::{
    Activation, Batch, GradientDescent, Gradients, Hidden, Layers, Mlp, Relu, Relu6, Sigmoid, Tanh,
    Zeroed,
};
use serde::Deserialize;

/// 2⁻²⁰: sixteen roundings, half of them those of tanh in its derivative 1 − y².
pub const TOLERANCE: f32 = 1.0 / (1 << 20) as f32;

const B: usize = 3;
const IN: usize = 6;
const HIDDEN: usize = 5;
const OUT: usize = 4;

/// What TensorFlow computed.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    losses: Vec<LossCase>,
    mlps: Vec<MlpCase>,
}

#[derive(Debug, Deserialize)]
struct LossCase {
    loss: String,
    outputs: [[f32; OUT]; B],
    labels: Labels,
    value: f32,
    gradient: [[f32; OUT]; B],
}

#[derive(Debug, Deserialize)]
struct MlpCase {
    activation: String,
    loss: String,
    inputs: [[f32; IN]; B],
    labels: Labels,
    variables: BTreeMap<String, Vec<f32>>,
    process: String,
    value: f32,
    scale: f32,
    /// How far the results went when the layers' sums were off by their roundings.
    carried: f32,
    gradients: BTreeMap<String, Vec<f32>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Labels {
    Classes([usize; B]),
    Vectors([[f32; OUT]; B]),
}

/// Runs `$body` with `$labels` bound to labels of either form and `$loss` to the loss of a name.
macro_rules! with_loss {
    ($name:expr, $all:expr, |$labels:ident, $loss:ident| $body:expr) => {
        with_loss!(@ $name, $all, $labels, $loss, $body,
            "softmax_cross_entropy" SoftmaxCrossEntropy,
            "sigmoid_cross_entropy" SigmoidCrossEntropy,
            "mean_squared_error" MeanSquaredError,
            "hinge" Hinge,
            "huber" Huber::new(0.75))
    };
    (@ $name:expr, $all:expr, $labels:ident, $loss:ident, $body:expr, $($known:literal $value:expr),+) => {
        match ($name, $all) {
            $(
                ($known, Labels::Classes($labels)) => { let $loss = $value; $body }
                ($known, Labels::Vectors($labels)) => { let $loss = $value; $body }
            )+
            (name, _) => panic!("there is no loss {name}"),
        }
    };
}

impl Recorded {
    /// Reads `heads.json` of a folder.
    pub fn open(folder: &Path) -> Self {
        let file = folder.join("heads.json");
        let text = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// What differs from TensorFlow by more than is allowed, a line each; the number of cases.
    pub fn compare(&self) -> (usize, Vec<String>) {
        let mut wrong = Vec::new();
        for (index, case) in self.losses.iter().enumerate() {
            let what = format!("loss {index}, {}", case.loss);
            with_loss!(case.loss.as_str(), &case.labels, |labels, loss| {
                case.compare(labels, &loss, &mut |name, expected, found| {
                    let magnitude = case.value.abs();
                    compare(&what, name, expected, found, magnitude, 0.0, &mut wrong);
                })
            });
        }
        for (index, case) in self.mlps.iter().enumerate() {
            let (activation, loss, process) = (&case.activation, &case.loss, &case.process);
            let what = format!("mlp {index}, {activation}, {loss}, {process}");
            let magnitude = case.value.abs().max(case.scale);
            let mut report = |name: &str, expected: &[f32], found: &[f32]| {
                compare(
                    &what,
                    name,
                    expected,
                    found,
                    magnitude,
                    case.carried,
                    &mut wrong,
                );
            };
            with_loss!(loss.as_str(), &case.labels, |labels, loss| {
                match activation.as_str() {
                    "relu" => case.compare::<Relu, _>(labels, &loss, &mut report),
                    "relu6" => case.compare::<Relu6, _>(labels, &loss, &mut report),
                    "tanh" => case.compare::<Tanh, _>(labels, &loss, &mut report),
                    "sigmoid" => case.compare::<Sigmoid, _>(labels, &loss, &mut report),
                    name => panic!("there is no activation {name}"),
                }
            });
        }
        (self.losses.len() + self.mlps.len(), wrong)
    }
}

/// Takes a name, what TensorFlow has and what was found.
type Report<'r> = dyn FnMut(&str, &[f32], &[f32]) + 'r;

impl LossCase {
    fn compare<T>(&self, labels: &[T; B], loss: &impl Loss<T, OUT>, report: &mut Report<'_>) {
        let mut outputs = self.outputs;
        let mut value = 0.0;
        for (outputs, label) in outputs.iter_mut().zip(labels) {
            value += loss.differentiate(outputs, label) / B as f32;
            outputs.iter_mut().for_each(|g| *g /= B as f32);
        }
        report("the loss", &[self.value], &[value]);
        let gradient = self.gradient.as_flattened();
        report("its gradient", gradient, outputs.as_flattened());
    }
}

impl MlpCase {
    fn compare<A: Activation, T: Label<OUT> + Copy>(
        &self,
        labels: &[T; B],
        loss: &impl Loss<T, OUT>,
        report: &mut Report<'_>,
    ) {
        let mut mlp = Mlp::<IN, HIDDEN, OUT, _, A>::new(GradientDescent::new(1.0));
        for (name, value) in &self.variables {
            assign(&mut mlp, name, value).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let mut batch = Batch::<B, IN, OUT, f32, T>::ZERO;
        let samples = self.inputs.iter().zip(labels.iter().copied());
        batch.fill(samples).expect("the samples fit");
        let mut hidden = Hidden::<B, HIDDEN>::ZERO;
        let gradients = mlp
            .compute_batch_gradients(&mut batch, &mut hidden, loss)
            .expect("there are samples");
        report("the loss", &[self.value], &[gradients.loss()]);
        let found = match self.process.as_str() {
            "plain" => collect(gradients),
            "regularized" => collect(gradients.kernel_regularizer(L1L2 { l1: 0.01, l2: 0.02 })),
            "clip_by_value" => collect(gradients.clip_by_value(-0.05, 0.1)),
            "clip_by_norm" => collect(gradients.clip_by_norm(0.3)),
            "clip_by_global_norm" => collect(gradients.clip_by_global_norm(0.5)),
            name => panic!("there is no process {name}"),
        };
        assert_eq!(found.len(), self.gradients.len());
        for (name, expected) in &self.gradients {
            report(name, expected, found.get(name).map_or(&[], Vec::as_slice));
        }
    }
}

/// All gradients, by the names of their variables.
fn collect<L: Layers<GradientDescent>, P: gradlet::gradient::Process>(
    gradients: Gradients<'_, GradientDescent, L, P>,
) -> BTreeMap<String, Vec<f32>> {
    let mut found = BTreeMap::<String, Vec<f32>>::new();
    gradients.each(|piece: &Piece<'_>| {
        let all = found.entry(piece.name.to_string()).or_default();
        assert_eq!(all.len(), piece.first, "pieces come in their order");
        all.extend_from_slice(piece.gradient);
    });
    found
}

fn compare(
    what: &dyn Display,
    name: &str,
    expected: &[f32],
    found: &[f32],
    magnitude: f32,
    carried: f32,
    wrong: &mut Vec<String>,
) {
    let largest = expected
        .iter()
        .fold(magnitude.max(1.0), |a, x| a.max(x.abs()));
    let allowed = largest * TOLERANCE + carried;
    let close = |(e, f): (&f32, &f32)| (e - f).abs() <= allowed;
    if expected.len() != found.len() || !expected.iter().zip(found).all(close) {
        wrong.push(format!(
            "{what}: {name} is {found:?}, TensorFlow has {expected:?}"
        ));
    }
}
