//! Every option of `Saver` and what it changes, as in `tf.compat.v1.train.Saver`.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use gradlet_host::checkpoint::list_variables;
use gradlet_host::clock::ManualClock;
use gradlet_host::saver::Saver;
use gradlet_host::state::{FormatVersion, get_checkpoint_mtimes, get_checkpoint_state};
use gradlet_host::{
    DType, Durability, ManagementError, PythonError, Restorable, Tensor, Variable, Variables,
};

fn saver() -> Saver {
    Saver::new().durability(Durability::Unsynced)
}

fn head() -> Variables {
    [
        (
            "head/kernel",
            Tensor::from_values(&[2, 3], &[1f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap(),
        ),
        (
            "head/bias",
            Tensor::from_values(&[3], &[7f32, 8.0, 9.0]).unwrap(),
        ),
    ]
    .into()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_step_is_padded_to_eight_digits_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    let plain = saver().save(&head(), &path, 7).unwrap().unwrap();
    let padded = saver()
        .pad_step_number()
        .save(&head(), &path, 7)
        .unwrap()
        .unwrap();
    let long = saver()
        .pad_step_number()
        .save(&head(), &path, 123_456_789)
        .unwrap()
        .unwrap();
    assert!(
        plain.ends_with("/m-7") && padded.ends_with("/m-00000007"),
        "{plain} {padded}"
    );
    assert!(long.ends_with("/m-123456789"), "{long}");
    let unnumbered = saver().save(&head(), &path, None).unwrap().unwrap();
    assert!(unnumbered.ends_with("/m"), "{unnumbered}");
}

#[test]
fn nothing_to_save_is_an_error_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    let error = saver().save(&Variables::new(), &path, 1).unwrap_err();
    assert!(
        error.to_string().starts_with("No variables to save"),
        "{error}"
    );
    assert_eq!(error.python_class(), PythonError::Value);
    let mut allowed = saver().allow_empty();
    assert_eq!(allowed.save(&Variables::new(), &path, 1).unwrap(), None);
    allowed
        .restore(&mut Variables::new(), "no such checkpoint")
        .unwrap();
    assert!(!folder.path().join("m-1.index").exists());
}

#[test]
fn names_that_collide_with_the_state_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = saver().save(&head(), at("checkpoint"), None).unwrap_err();
    assert!(
        matches!(error, ManagementError::LatestFilenameCollides { .. }),
        "{error}"
    );
    let numbered = saver().save(&head(), at("checkpoint"), 3).unwrap();
    assert!(numbered.unwrap().ends_with("checkpoint-3"));
    let error = saver()
        .latest_filename("a/b")
        .save(&head(), at("m"), 1)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("must not contain path components"),
        "{error}"
    );
    saver()
        .latest_filename("newest")
        .save(&head(), at("m"), 1)
        .unwrap();
    let state = get_checkpoint_state(folder.path(), Some("newest"))
        .unwrap()
        .unwrap();
    assert!(state.model_checkpoint_path.ends_with("/m-1"));
    fs::write(at("file"), "").unwrap();
    let error = saver().save(&head(), at("file/m"), 1).unwrap_err();
    assert!(
        error.to_string().starts_with("Parent directory of"),
        "{error}"
    );
}

#[test]
fn what_is_not_wanted_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    saver()
        .without_state()
        .without_meta_graph()
        .save(&head(), &path, 1)
        .unwrap();
    assert_eq!(
        files(folder.path()),
        ["m-1.data-00000-of-00001", "m-1.index"]
    );
    saver()
        .meta_graph_suffix("graph")
        .save(&head(), &path, 2)
        .unwrap();
    assert!(files(folder.path()).contains(&"m-2.graph".to_owned()));
    assert!(files(folder.path()).contains(&"checkpoint".to_owned()));
}

#[test]
fn a_sharded_saver_writes_a_file_a_device_in_either_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = Variables::new();
    for (name, device) in [("a", "/cpu:1"), ("b", "/cpu:0"), ("c", "/cpu:1")] {
        let mut variable = Variable::new(name, DType::Float32, &[]);
        device.clone_into(&mut variable.device);
        variables.push_variable(variable, Tensor::scalar(1f32));
    }
    for (version, expected) in [
        (
            FormatVersion::V2,
            ["m-1.data-00000-of-00002", "m-1.data-00001-of-00002"],
        ),
        (
            FormatVersion::V1,
            ["m-1-00000-of-00002", "m-1-00001-of-00002"],
        ),
    ] {
        let path = folder.path().join(format!("{version:?}/m"));
        fs::create_dir(path.parent().unwrap()).unwrap();
        let mut saver = saver().sharded().write_version(version);
        let saved = saver.save(&variables, &path, 1).unwrap().unwrap();
        let found = files(path.parent().unwrap());
        assert!(
            expected
                .iter()
                .all(|name| found.contains(&(*name).to_owned())),
            "{found:?}"
        );
        let mut blank = variables.clone();
        for number in 0..3 {
            blank.assign(number, Tensor::scalar(0f32)).unwrap();
        }
        saver.restore(&mut blank, &saved).unwrap();
        assert_eq!(blank, variables, "{version:?}");
    }
}

#[test]
fn shapes_may_differ_only_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let saved = saver()
        .save(&head(), folder.path().join("m"), 1)
        .unwrap()
        .unwrap();
    let flat =
        || -> Variables { [("head/kernel", Tensor::zeros(DType::Float32, &[6]).unwrap())].into() };
    let error = saver().restore(&mut flat(), &saved).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("mismatch between the current graph and the graph"),
        "{error}"
    );
    let mut reshaped = flat();
    saver().reshape().restore(&mut reshaped, &saved).unwrap();
    let values = reshaped.get("head/kernel").and_then(Tensor::values::<f32>);
    assert_eq!(values, Some(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let mut other: Variables =
        [("head/kernel", Tensor::zeros(DType::Float32, &[5]).unwrap())].into();
    assert!(
        saver().reshape().restore(&mut other, &saved).is_err(),
        "another number of elements"
    );
}

/// Variables that note the order of assignments.
struct Watched {
    variables: Variables,
    assigned: RefCell<Vec<usize>>,
}

impl Restorable for Watched {
    fn variables(&self) -> Vec<Variable> {
        Restorable::variables(&self.variables)
    }

    fn assign(&mut self, number: usize, value: Tensor) -> gradlet_host::Result<()> {
        self.assigned.borrow_mut().push(number);
        self.variables.assign(number, value)
    }
}

#[test]
fn a_failed_restore_changes_nothing_unless_it_goes_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let saved = saver()
        .save(&head(), folder.path().join("m"), 1)
        .unwrap()
        .unwrap();
    for (sequential, expected) in [(false, vec![]), (true, vec![0])] {
        let variables = [
            ("head/bias", Tensor::zeros(DType::Float32, &[3]).unwrap()),
            ("missing", Tensor::scalar(0f32)),
        ];
        let mut watched = Watched {
            variables: variables.into(),
            assigned: RefCell::default(),
        };
        let mut saver = saver();
        if sequential {
            saver = saver.restore_sequentially();
        }
        let error = saver.restore(&mut watched, &saved).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        assert_eq!(
            watched.assigned.take(),
            expected,
            "one by one: {sequential}"
        );
    }
}

#[test]
fn relative_paths_survive_a_move() {
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("before");
    fs::create_dir(&before).unwrap();
    let mut relative = saver().save_relative_paths();
    relative.save(&head(), before.join("m"), 1).unwrap();
    let after = folder.path().join("after");
    fs::rename(&before, &after).unwrap();
    assert_eq!(list_variables(&after).unwrap().len(), 2);
    let text = fs::read_to_string(after.join("checkpoint")).unwrap();
    assert_eq!(
        text,
        "model_checkpoint_path: \"m-1\"\nall_model_checkpoint_paths: \"m-1\"\n"
    );
}

#[test]
fn a_new_saver_learns_of_older_checkpoints_by_recovering_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    let mut first = saver().max_to_keep(2);
    let saved: Vec<String> = (1..=2)
        .map(|step| first.save(&head(), &path, step).unwrap().unwrap())
        .collect();
    let mut second = saver().max_to_keep(2);
    assert!(
        second.last_checkpoints().is_empty(),
        "a new one knows of none"
    );
    second.recover_last_checkpoints(saved.iter().cloned().chain(["gone".to_owned()]));
    assert_eq!(second.last_checkpoints(), saved, "those that exist");
    second.save(&head(), &path, 3).unwrap();
    assert!(
        !folder.path().join("m-1.index").exists(),
        "the oldest is deleted"
    );
    assert_eq!(
        get_checkpoint_mtimes(saved.iter().map(String::as_str)).len(),
        1
    );

    // Times decide what is kept for ever: those given are used as they are.
    let clock = ManualClock::at(1_000_000.0);
    let mut third = Saver::with_clock(clock)
        .durability(Durability::Unsynced)
        .max_to_keep(1)
        .keep_checkpoint_every_n_hours(1.0);
    third.set_last_checkpoints_with_time([(saved[1].clone(), 1_000_000.0 + 3601.0)]);
    third.save(&head(), &path, 4).unwrap();
    assert!(
        folder.path().join("m-2.index").exists(),
        "newer than one period: kept for ever"
    );
    third.set_last_checkpoints([folder.path().join("m-3").to_str().unwrap()]);
    third.save(&head(), &path, 5).unwrap();
    assert!(
        folder.path().join("m-3.index").exists(),
        "without a time it counts as new"
    );
}

#[test]
fn all_are_kept_if_there_is_no_maximum() {
    let folder = tempfile::tempdir().unwrap();
    let mut saver = saver().max_to_keep(0);
    for step in 1..=7 {
        saver.save(&head(), folder.path().join("m"), step).unwrap();
    }
    assert!((1..=7).all(|step| folder.path().join(format!("m-{step}.index")).exists()));
    assert!(saver.last_checkpoints().is_empty());
    let state = get_checkpoint_state(folder.path(), None).unwrap().unwrap();
    assert_eq!(
        state.all_model_checkpoint_paths.len(),
        1,
        "the state names the newest only"
    );
}

#[test]
fn a_path_that_is_no_checkpoint_is_told_as_tensorflow_does() {
    let folder = tempfile::tempdir().unwrap();
    let error = saver()
        .restore(&mut head(), folder.path().join("m-1"))
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("The passed save_path is not a valid checkpoint"),
        "{text}"
    );
    assert_eq!(error.python_class(), PythonError::Value);
}
