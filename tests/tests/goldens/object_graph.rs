//! Object graphs that TensorFlow and Keras wrote.

use std::collections::{BTreeMap, BTreeSet};

use gradlet_host::bundle::Reader;
use gradlet_host::checkpoint::Checkpoint;
use gradlet_host::mapping::Mapping;
use gradlet_host::object_graph::{OBJECT_GRAPH_KEY, ObjectGraph};
use gradlet_host::profile::{FlatValue, FlatVariables, Profile};
use gradlet_host::{Saveable, Tensor, Variables};
use gradlet_tests::golden::{Case, Golden, GoldenBundle};
use prost::Message as _;

#[test]
fn graphs_made_again_from_their_objects_are_tensorflows_byte_for_byte() {
    let golden = Golden::load();
    let mut seen = 0;
    for (case, prefix) in golden.bundle_prefixes() {
        if case.kind == "corruption_table" {
            continue;
        }
        let reader = Reader::open(golden.path(prefix)).expect(prefix);
        let Some(graph) = ObjectGraph::read(&reader).expect(prefix) else {
            continue;
        };
        let tensor = reader.read(OBJECT_GRAPH_KEY).expect(prefix);
        let stored = tensor
            .strings()
            .and_then(|strings| strings.iter().next())
            .expect(prefix);
        let (objects, names) = graph.to_objects();
        let made = objects.encode();
        assert_eq!(made.graph.encode_to_vec(), stored, "{prefix}: the graph");
        for (source, key) in &made.keys {
            assert_eq!(names[*source], key.as_str(), "{prefix}: name of a tensor");
            assert!(
                reader.contains(key).unwrap(),
                "{prefix}: {key} is no tensor"
            );
        }
        let in_graph = made.keys.len() + 1;
        assert_eq!(
            reader.entries().unwrap().len(),
            in_graph,
            "{prefix}: tensors in the graph"
        );
        seen += 1;
    }
    assert!(seen > 0, "no bundle has an object graph");
}

/// Whose objects the checkpoints of a case hold.
fn profile_of(case: &Case) -> Option<Profile> {
    match case.kind.as_str() {
        "object_based" | "checkpoint_manager" => Some(Profile::V1),
        "keras3" => Some(Profile::Keras3),
        "tf_keras" => Some(Profile::TfKeras),
        "tf_keras_legacy_optimizer" => Some(Profile::TfKerasLegacy),
        _ => None,
    }
}

/// Each case of objects, its bundle, and the variables in it under flat names.
fn flattened(golden: &Golden) -> Vec<(&Case, GoldenBundle, Profile, FlatVariables)> {
    let mut found = Vec::new();
    for case in golden.cases() {
        let Some(profile) = profile_of(case) else {
            continue;
        };
        let bundle: GoldenBundle = case.field("bundle");
        let reader = Reader::open(golden.path(&bundle.prefix)).expect(&bundle.prefix);
        let flat = FlatVariables::new(reader, &Mapping::new(profile)).expect(&bundle.prefix);
        found.push((case, bundle, profile, flat));
    }
    assert!(!found.is_empty(), "no case has objects");
    found
}

fn in_memory(variables: &impl Saveable) -> Variables {
    let mut copy = Variables::new();
    for (number, variable) in variables.variables().unwrap().into_iter().enumerate() {
        let mut value = None;
        let look = &mut |view: gradlet_host::TensorView<'_>| {
            value = Some(owned(&view));
            Ok(())
        };
        variables.look(number, look).unwrap();
        copy.push_variable(variable, value.expect("a value"));
    }
    copy
}

fn owned(view: &gradlet_host::TensorView<'_>) -> Tensor {
    match view.elements {
        gradlet_host::Elements::Bytes(bytes) => {
            Tensor::new(view.dtype, view.shape, bytes.to_vec()).unwrap()
        }
        gradlet_host::Elements::Strings(strings) => {
            Tensor::from_strings(view.shape, strings.clone()).unwrap()
        }
    }
}

#[test]
fn every_variable_of_a_program_is_found_by_its_objects() {
    let golden = Golden::load();
    let mut seen = 0;
    for (case, bundle, _, flat) in flattened(&golden) {
        let about = &bundle.prefix;
        let reader = Reader::open(golden.path(&bundle.prefix)).unwrap();
        let graph = ObjectGraph::read(&reader).unwrap().expect(about);
        let full_names: BTreeMap<String, String> = graph
            .variables()
            .into_iter()
            .map(|variable| (variable.key.to_string(), variable.full_name))
            .collect();
        let shapes: BTreeMap<String, Vec<u64>> = flat
            .variables()
            .unwrap()
            .into_iter()
            .map(|v| (v.name.to_string(), v.shape))
            .collect();
        let read: BTreeSet<&str> = flat
            .flats()
            .filter_map(|flat| match &flat.value {
                FlatValue::Key(key) | FlatValue::Divided { key, .. } => {
                    full_names.get(&key.to_string()).map(String::as_str)
                }
                FlatValue::Constant(_) => None,
            })
            .collect();
        let names = |field: &str| -> Vec<(String, Vec<u64>)> {
            let listed: Vec<(String, Vec<u64>)> = case.optional(field).unwrap_or_default();
            listed
                .into_iter()
                .map(|(name, shape)| (name.replace(":0", ""), shape))
                .collect()
        };
        for (name, shape) in names("variables") {
            assert_eq!(shapes.get(&name), Some(&shape), "{about}: variable {name}");
            seen += 1;
        }
        for (name, _) in names("optimizer_variables") {
            let value = name.rsplit('/').next().unwrap_or_default();
            if ![
                "learning_rate",
                "decay",
                "rho",
                "momentum",
                "beta_1",
                "beta_2",
            ]
            .contains(&value)
            {
                assert!(
                    read.contains(name.as_str()),
                    "{about}: {name} of the optimizer"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "no variables were compared");
}

#[test]
fn slots_follow_their_variables_whatever_the_tensors_are_called() {
    let golden = Golden::load();
    let mut seen = 0;
    for (_, bundle, profile, flat) in flattened(&golden) {
        let shapes: BTreeMap<String, Vec<u64>> = flat
            .variables()
            .unwrap()
            .into_iter()
            .map(|v| (v.name.to_string(), v.shape))
            .collect();
        let reader = Reader::open(golden.path(&bundle.prefix)).unwrap();
        let graph = ObjectGraph::read(&reader).unwrap().expect("objects");
        let full_names: BTreeMap<String, String> = graph
            .variables()
            .into_iter()
            .map(|v| (v.key.to_string(), v.full_name))
            .collect();
        for one in flat.flats() {
            let name = one.name.to_string();
            let Some((of, _)) = name.rsplit_once('/') else {
                continue;
            };
            let Some(shape) = shapes.get(of) else {
                continue;
            };
            assert_eq!(
                shapes.get(&name),
                Some(shape),
                "{}: shape of {name}",
                bundle.prefix
            );
            if let (FlatValue::Key(key) | FlatValue::Divided { key, .. }, true) =
                (&one.value, profile != Profile::V1)
            {
                let full = full_names.get(&key.to_string()).expect("a variable");
                let told = full.contains(of) || full.contains(&of.replace('/', "_"));
                assert!(told, "{}: {name} is {full}", bundle.prefix);
            }
            seen += 1;
        }
    }
    assert!(seen > 0, "no slots were compared");
}

#[test]
fn tensorflows_checkpoints_are_consumed_and_come_back_from_ours() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for (case, bundle, profile, flat) in flattened(&golden) {
        if profile == Profile::V1 {
            // The goldens' own modules need a mapping each; Keras's models are of one form.
            continue;
        }
        let about = &bundle.prefix;
        let variables = in_memory(&flat);
        let mut blank = variables.clone();
        let mut checkpoint = Checkpoint::new(Mapping::new(profile));
        let status = checkpoint
            .restore(&mut blank, golden.path(about))
            .expect(about);
        status
            .assert_consumed()
            .unwrap_or_else(|error| panic!("{about}: {error}"));

        let prefix = folder.path().join(&case.name);
        let mut mapping = Mapping::new(profile);
        mapping
            .hyperparameters
            .insert("learning_rate".to_owned(), 0.5);
        let writer = Checkpoint::new(mapping.clone());
        writer.write(&variables, &prefix).expect(about);
        let again = FlatVariables::new(Reader::open(&prefix).unwrap(), &mapping).expect(about);
        let by_name = |variables: &Variables| -> BTreeMap<String, Tensor> {
            variables
                .iter()
                .map(|(v, value)| (v.name.to_string(), value.clone()))
                .collect()
        };
        let (before, after) = (by_name(&variables), by_name(&in_memory(&again)));
        let keys = |map: &BTreeMap<String, Tensor>| map.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            keys(&after),
            keys(&before),
            "{about}: names after writing and reading"
        );
        for (name, value) in &before {
            assert_eq!(
                after.get(name),
                Some(value),
                "{about}: {name} after writing and reading"
            );
        }
        seen += 1;
    }
    assert!(seen > 0, "no case was compared");
}
