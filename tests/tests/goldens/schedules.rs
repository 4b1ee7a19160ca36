//! Schedules, averages and clipping give TensorFlow's numbers.

use std::fs;

use gradlet::average::{ExponentialMovingAverage, ZeroDebiased};
use gradlet::gradient::{clip_by_global_norm, clip_by_norm, clip_by_value, clip_columns_by_norm};
use gradlet::schedule::{
    CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, LinearCosineDecay,
    NaturalExpDecay, PiecewiseConstant, PolynomialDecay, Schedule,
};
use gradlet::{Initialize, Zeroed};
use gradlet_tests::golden;
use serde::Deserialize;
use serde_json::{Map, Value};
use trajectory::Deviation;

#[derive(Deserialize)]
struct File {
    lr_schedules: Vec<ScheduleCase>,
    ema: Vec<AverageCase>,
    clip: Vec<ClipCase>,
}

#[derive(Deserialize)]
struct ScheduleCase {
    name: String,
    args: Map<String, Value>,
    steps: Vec<i64>,
    bits: Vec<String>,
}

#[derive(Deserialize)]
struct AverageCase {
    decay: f64,
    num_updates: bool,
    zero_debias: bool,
    init_avg: Vec<String>,
    seq: Vec<AverageStep>,
}

#[derive(Deserialize)]
struct AverageStep {
    v: Vec<String>,
    avg: Vec<String>,
}

#[derive(Deserialize)]
struct ClipCase {
    op: String,
    #[serde(default)]
    clip_norm: f32,
    #[serde(default)]
    lo: f32,
    #[serde(default)]
    hi: f32,
    #[serde(default)]
    input: Vec<String>,
    #[serde(default)]
    inputs: Vec<Vec<String>>,
    #[serde(default)]
    shape: Vec<usize>,
    #[serde(default)]
    output: Vec<String>,
    #[serde(default)]
    outputs: Vec<Vec<String>>,
    #[serde(default)]
    global_norm: Vec<String>,
}

fn load() -> File {
    let path = golden::folder().join("schedules_ema_clip.json");
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn number(bits: &String) -> f32 {
    let bits = u32::from_str_radix(bits, 16).unwrap_or_else(|error| panic!("{bits}: {error}"));
    f32::from_bits(bits)
}

fn numbers(bits: &[String]) -> Vec<f32> {
    bits.iter().map(number).collect()
}

/// The largest distance in units in the last place.
fn distance(expected: &[f32], found: &[f32]) -> u32 {
    assert_eq!(expected.len(), found.len());
    let mut deviation = Deviation::NONE;
    for (&expected, &found) in expected.iter().zip(found) {
        deviation.add(expected, found, None);
    }
    deviation.ulp
}

/// The arguments of a schedule by their names.
struct Arguments<'a>(&'a ScheduleCase);

impl Arguments<'_> {
    fn number(&self, name: &str) -> f32 {
        let value = self.0.args.get(name).and_then(Value::as_f64);
        value.unwrap_or_else(|| panic!("{} without {name}", self.0.name)) as f32
    }

    fn count(&self, name: &str) -> u32 {
        self.number(name) as u32
    }

    fn flag(&self, name: &str) -> bool {
        let value = self.0.args.get(name).and_then(Value::as_bool);
        value.unwrap_or_else(|| panic!("{} without {name}", self.0.name))
    }

    fn list(&self, name: &str) -> Vec<f64> {
        let value = self.0.args.get(name).and_then(Value::as_array);
        let list = value.unwrap_or_else(|| panic!("{} without {name}", self.0.name));
        list.iter().filter_map(Value::as_f64).collect()
    }
}

/// A schedule's values, and the units in the last place by which each may be off.
type Run = Box<dyn Fn(i64) -> (f32, u32)>;

fn exactly(schedule: impl Schedule + 'static) -> Run {
    within(schedule, 0)
}

fn within(schedule: impl Schedule + 'static, ulp: u32) -> Run {
    Box::new(move |step| (schedule.at(step), ulp))
}

/// The schedule of a case. Powers are within a unit in the last place, and so is what they are
/// multiplied with; cancellation, as in 1 − p near the end, magnifies what p is off by.
fn run(case: &ScheduleCase) -> Run {
    let given = Arguments(case);
    let lr = || given.number("learning_rate");
    let steps = || given.count("decay_steps");
    match case.name.as_str() {
        "exponential_decay" => {
            let schedule = ExponentialDecay::new(lr(), steps(), given.number("decay_rate"));
            within(
                if given.flag("staircase") {
                    schedule.staircase()
                } else {
                    schedule
                },
                1,
            )
        }
        "natural_exp_decay" => {
            let schedule = NaturalExpDecay::new(lr(), steps(), given.number("decay_rate"));
            let schedule = if given.flag("staircase") {
                schedule.staircase()
            } else {
                schedule
            };
            // The ratio of a period is off by up to a unit, its power by as many as periods.
            let steps = i64::from(steps());
            Box::new(move |step| (schedule.at(step), (step / steps) as u32 + 2))
        }
        "inverse_time_decay" => {
            let schedule = InverseTimeDecay::new(lr(), steps(), given.number("decay_rate"));
            exactly(if given.flag("staircase") {
                schedule.staircase()
            } else {
                schedule
            })
        }
        "polynomial_decay" => {
            let schedule = PolynomialDecay::new(lr(), steps())
                .end_learning_rate(given.number("end_learning_rate"))
                .power(given.number("power"));
            within(
                if given.flag("cycle") {
                    schedule.cycle()
                } else {
                    schedule
                },
                10,
            )
        }
        "piecewise_constant" => {
            let (boundaries, values) = (given.list("boundaries"), given.list("values"));
            assert_eq!(boundaries.len() + 1, values.len());
            // As many changes as a schedule has; the last one is repeated.
            let changes = std::array::from_fn::<_, 16, _>(|change| {
                let change = change.min(boundaries.len() - 1);
                (boundaries[change] as i64, values[change + 1] as f32)
            });
            assert!(boundaries.len() <= changes.len());
            exactly(PiecewiseConstant::new(values[0] as f32, changes))
        }
        "cosine_decay" => exactly(CosineDecay::new(lr(), steps()).alpha(given.number("alpha"))),
        "cosine_decay_restarts" => within(
            CosineDecayRestarts::new(lr(), given.count("first_decay_steps"))
                .t_mul(given.number("t_mul"))
                .m_mul(given.number("m_mul"))
                .alpha(given.number("alpha")),
            10,
        ),
        "linear_cosine_decay" => within(
            LinearCosineDecay::new(lr(), steps())
                .num_periods(given.number("num_periods"))
                .alpha(given.number("alpha"))
                .beta(given.number("beta")),
            1,
        ),
        other => panic!("there is no schedule {other}"),
    }
}

#[test]
fn every_schedule_has_tensorflows_rates() {
    let cases = load().lr_schedules;
    assert!(!cases.is_empty(), "there are no schedules");
    for case in &cases {
        let schedule = run(case);
        assert_eq!(case.steps.len(), case.bits.len());
        for (&step, bits) in case.steps.iter().zip(&case.bits) {
            let (found, allowed) = schedule(step);
            let apart = distance(&[number(bits)], &[found]);
            let (name, expected) = (&case.name, number(bits));
            assert!(
                apart <= allowed,
                "{name} at step {step}: {found} is {apart} units from {expected}, allowed {allowed}"
            );
        }
    }
}

#[test]
fn every_average_is_tensorflows() {
    let cases = load().ema;
    assert!(!cases.is_empty(), "there are no averages");
    for case in &cases {
        let average = ExponentialMovingAverage::new(case.decay as f32);
        let mut found = numbers(&case.init_avg);
        let mut debiased: Vec<ZeroDebiased<1>> = vec![ZeroDebiased::ZERO; found.len()];
        debiased.iter_mut().for_each(|one| one.initialize(()));
        for (count, step) in case.seq.iter().enumerate() {
            let value = numbers(&step.v);
            let allowed = if case.zero_debias {
                for (one, &v) in debiased.iter_mut().zip(&value) {
                    one.update(average, &[v]);
                }
                found = debiased.iter().map(|one| one.average[0]).collect();
                29
            } else {
                // TensorFlow's n counts from 1 there: it is increased before the average.
                let num_updates = case.num_updates.then_some(count as i64 + 1);
                let updated = average.update(num_updates, &mut found, &value);
                assert_eq!(updated, Ok(()));
                0
            };
            let apart = distance(&numbers(&step.avg), &found);
            assert!(
                apart <= allowed,
                "decay {}, value {count}: {apart} units",
                case.decay
            );
        }
    }
}

#[test]
fn every_clipped_gradient_is_tensorflows() {
    let cases = load().clip;
    assert!(!cases.is_empty(), "nothing is clipped");
    for case in &cases {
        let mut found = numbers(&case.input);
        let expected = match case.op.as_str() {
            "clip_by_value" => {
                clip_by_value(&mut found, case.lo, case.hi);
                numbers(&case.output)
            }
            "clip_by_norm" => {
                clip_by_norm(&mut found, case.clip_norm);
                numbers(&case.output)
            }
            "clip_by_norm_axes0" => {
                let columns = case.shape.iter().skip(1).product();
                clip_columns_by_norm(&mut found, columns, case.clip_norm);
                numbers(&case.output)
            }
            "clip_by_global_norm" => {
                let inputs: Vec<Vec<f32>> = case.inputs.iter().map(|x| numbers(x)).collect();
                // Empty gradients make up the number.
                let mut gradients: [Vec<f32>; 8] =
                    std::array::from_fn(|i| inputs.get(i).cloned().unwrap_or_default());
                assert!(inputs.len() <= gradients.len());
                let slices = gradients.each_mut().map(|gradient| gradient.as_mut_slice());
                let norm = clip_by_global_norm(slices, case.clip_norm);
                let expected = numbers(&case.global_norm);
                assert_eq!(distance(&expected, &[norm]), 0, "global norm {norm}");
                found = gradients.concat();
                case.outputs.iter().flat_map(|x| numbers(x)).collect()
            }
            other => panic!("there is no {other}"),
        };
        let apart = distance(&expected, &found);
        assert_eq!(apart, 0, "{} to {}: {found:?}", case.op, case.clip_norm);
    }
}
