//! Averages of a model's variables.

use gradlet::average::{AverageSize, Averaged, ExponentialMovingAverage};
use gradlet::checkpoint::{Checkpoint, restore, write};
use gradlet::tensor::View;
use gradlet::variable::Collections;
use gradlet::{Head, Initialize, Momentum, Variables, Zeroed};

type Model<const N: usize> = Averaged<Head<4, 3, Momentum>, N>;

fn model<const N: usize>() -> Model<N> {
    let mut model = Model::<N>::ZERO;
    model.initialize(Momentum::new(0.5, 0.9));
    model
}

fn values(model: &impl Variables, name: &str) -> Vec<f32> {
    let variable = (0..model.count())
        .filter_map(|index| model.variable(index))
        .find(|variable| variable.name.is(name.as_bytes()))
        .unwrap_or_else(|| panic!("no variable {name}"));
    match variable.view {
        View::F32(values) => values.to_vec(),
        _ => panic!("{name} is no f32 tensor"),
    }
}

#[test]
fn averages_are_saved_under_tensorflows_names_and_restored() {
    let mut trained = model::<15>();
    for label in [0, 1, 2] {
        let step = trained.model.minimize(&[1.0, -0.5, 0.25, 2.0], label);
        assert!(step.is_ok());
        let applied = trained.apply(&ExponentialMovingAverage::new(0.9), None);
        assert_eq!(applied, Ok(()));
    }
    let name = "head/kernel/ExponentialMovingAverage";
    let averages = values(&trained, name);
    assert!(averages.iter().any(|&x| x != 0.0));
    assert_ne!(averages, values(&trained, "head/kernel"));
    for index in 0..trained.count() {
        let variable = trained.variable(index).expect("counted");
        let followed = ["head/kernel", "head/bias"].map(|name| variable.name.is(name.as_bytes()));
        let flagged = variable.collections.contains(Collections::MOVING_AVERAGE);
        assert_eq!(flagged, followed.contains(&true), "{}", variable.name);
    }

    let mut file = [0; 2048];
    let written = write(&trained, &mut file[..]).expect("it fits");
    let mut restored = model::<15>();
    let file = Checkpoint::parse(&file[..written as usize]).expect("a checkpoint");
    let read = restore(&mut restored, &file);
    assert!(read.is_ok(), "{read:?}");
    for name in [name, "head/bias/ExponentialMovingAverage", "head/kernel"] {
        assert_eq!(values(&restored, name), values(&trained, name), "{name}");
    }
}

#[test]
fn variables_and_averages_change_places() {
    let mut model = model::<15>();
    model.model.assign(&[[1.0; 3]; 4], &[2.0; 3]);
    assert_eq!(model.restart(), Ok(()));
    model.model.assign(&[[5.0; 3]; 4], &[6.0; 3]);
    assert_eq!(model.swap(), Ok(()));
    assert_eq!(model.model.kernel(), &[[1.0; 3]; 4]);
    let averages = values(&model, "head/bias/ExponentialMovingAverage");
    assert_eq!(averages, [6.0; 3]);
}

#[test]
fn a_place_of_another_size_is_refused() {
    let mut model = model::<14>();
    let refused = model.apply(&ExponentialMovingAverage::new(0.9), None);
    assert!(
        matches!(
            refused,
            Err(AverageSize {
                needed: 15,
                found: 14,
                ..
            })
        ),
        "{refused:?}"
    );
}
