//! Instructions a parameter of every optimizer, in the fourth step: of a vector of 640 elements
//! whose gradient lies in memory, and of a matrix of 64×10 whose gradient is an outer product.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use bench::{Numbers, report_per};
use board::Board;
use gradlet::optimizer::{Optimizer, Parameter, ProximalAdagrad, ProximalGradientDescent};
use gradlet::{
    AdaMax, Adadelta, Adagrad, AdagradDa, Adam, AdamW, AmsGrad, CenteredRmsProp, Ftrl,
    GradientDescent, Momentum, NesterovAdam, Owned, RmsProp, Zeroed,
};

board::main!(run);

/// Those of a head of 64 features and 10 classes.
const ROWS: usize = 64;
const COLUMNS: usize = 10;
const PARAMETERS: usize = ROWS * COLUMNS;

const ADAM: Adam = Adam::new(0.01);

static GRADIENT: Owned<[f32; PARAMETERS]> = Owned::new();

fn run(_: Board) -> Result<(), &'static str> {
    let gradient = GRADIENT.take().map_err(|_| "the gradient is taken")?;
    macro_rules! optimizers {
        ($($name:literal: $optimizer:expr,)+) => {$(
            dense(concat!($name, ".instructions_per_param"), $optimizer, gradient);
            outer(concat!($name, ".outer.instructions_per_param"), $optimizer);
        )+};
    }
    optimizers! {
        "gradient_descent": GradientDescent::new(0.01),
        "momentum": Momentum::new(0.01, 0.9),
        "momentum_nesterov": Momentum::nesterov(0.01, 0.9),
        "adam": ADAM,
        "nesterov_adam": NesterovAdam::new(ADAM),
        "ams_grad": AmsGrad::new(ADAM),
        "adam_w": AdamW::with(ADAM, 0.01),
        "ada_max": AdaMax::new(0.01),
        "adagrad": Adagrad::new(0.01),
        "adagrad_da": AdagradDa::new(0.01).l1_regularization_strength(0.001),
        "adadelta": Adadelta::new(0.01),
        "ftrl": Ftrl::new(0.01).l1_regularization_strength(0.001),
        "ftrl_other_power": Ftrl::new(0.01).learning_rate_power(-0.4),
        "proximal_gradient_descent":
            ProximalGradientDescent::new(0.01).l1_regularization_strength(0.001),
        "proximal_adagrad": ProximalAdagrad::new(0.01).l1_regularization_strength(0.001),
        "rms_prop": RmsProp::with(0.01, 0.9, 0.9, 1e-10),
        "centered_rms_prop": CenteredRmsProp::with(0.01, 0.9, 0.9, 1e-10),
    }
    Ok(())
}

// Not inlined: each has the stack to itself.
#[inline(never)]
fn dense<O: Optimizer>(name: &str, optimizer: O, gradient: &mut [f32; PARAMETERS]) {
    let mut numbers = Numbers::new(1);
    let mut parameter = Parameter::<[f32; PARAMETERS], O>::ZERO;
    parameter.initialize(&optimizer);
    numbers.fill(&mut parameter.value);
    train(name, optimizer, |step, count| {
        numbers.fill(gradient);
        count(&mut || parameter.apply_gradient(step, gradient));
    });
}

#[inline(never)]
fn outer<O: Optimizer>(name: &str, optimizer: O) {
    let mut numbers = Numbers::new(2);
    let mut parameter = Parameter::<[[f32; COLUMNS]; ROWS], O>::ZERO;
    parameter.initialize(&optimizer);
    numbers.fill(parameter.value.as_flattened_mut());
    train(name, optimizer, |step, count| {
        let (features, delta) = (numbers.array::<ROWS>(), numbers.array::<COLUMNS>());
        count(&mut || O::update_outer(step, &mut parameter, 0, &features, &delta));
    });
}

/// Takes four steps and counts the last: slots start from nothing, so the first are not like it.
fn train<O: Optimizer>(
    name: &str,
    mut optimizer: O,
    mut update: impl FnMut(&O::Step, &mut dyn FnMut(&mut dyn FnMut())),
) {
    for global_step in 0..4 {
        let step = optimizer.begin(global_step);
        update(&step, &mut |work| match global_step {
            0..3 => work(),
            _ => report_per(PARAMETERS, name, work),
        });
        optimizer.finish(&step);
    }
}
