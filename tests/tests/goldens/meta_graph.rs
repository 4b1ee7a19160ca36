//! MetaGraphs that TensorFlow wrote beside its checkpoints.

use std::collections::BTreeMap;

use gradlet_host::bundle::Reader;
use gradlet_host::meta_graph::{Collection, GraphVariable, MetaGraph};
use gradlet_host::proto::saver::SAVER_DEF;
use gradlet_host::text_format;
use gradlet_tests::golden::{Case, Golden};
use prost::Message as _;

/// Every MetaGraph of every case, relative to the folder of goldens.
fn meta_graphs(golden: &Golden) -> Vec<(&Case, &str, MetaGraph)> {
    let files = golden.cases().iter().flat_map(|case| {
        case.files
            .iter()
            .map(move |file| (case, file.path.as_str()))
    });
    let metas: Vec<_> = files
        .filter(|(_, path)| path.ends_with(".meta"))
        .map(|(case, path)| (case, path, MetaGraph::read(golden.path(path)).expect(path)))
        .collect();
    assert!(!metas.is_empty(), "no case has a MetaGraph");
    metas
}

fn in_collection(meta: &MetaGraph, collection: Collection) -> Vec<GraphVariable> {
    let mut variables = meta.variables().expect("variables");
    variables.retain(|variable| variable.collections.contains(&collection));
    variables
}

#[test]
fn the_variables_of_a_program_are_listed_with_their_shapes() {
    let golden = Golden::load();
    let mut seen = 0;
    for (case, path, meta) in meta_graphs(&golden) {
        let globals = in_collection(&meta, Collection::Global);
        assert!(!globals.is_empty(), "{path} has no variables");
        if let Some(expected) = case.optional::<BTreeMap<String, Vec<u64>>>("variables") {
            let found: BTreeMap<String, Vec<u64>> = globals
                .iter()
                .map(|one| (one.op_name.clone(), one.variable.shape.clone()))
                .collect();
            assert_eq!(found, expected, "{path}");
            seen += 1;
        }
        if let Some(expected) = case.optional::<Vec<(String, String)>>("variables_and_specs") {
            let found: Vec<(String, String)> = globals.iter().map(spec_of).collect();
            assert_eq!(found, expected, "{path}");
            seen += 1;
        }
        for trained in in_collection(&meta, Collection::Trainable) {
            let known = globals.iter().any(|one| one.op_name == trained.op_name);
            assert!(
                known,
                "{path}: {} is trained, but not global",
                trained.op_name
            );
        }
    }
    assert!(seen > 0, "no case says which variables there are");
}

/// Name of the operation and the slice that it holds, as SaveV2 is told.
fn spec_of(variable: &GraphVariable) -> (String, String) {
    let spec = match &variable.variable.part {
        None => String::new(),
        Some(part) => {
            let dims: String = part
                .full_shape
                .iter()
                .map(|dim| format!("{dim} "))
                .collect();
            format!("{dims}{}", part.slice)
        }
    };
    (variable.op_name.clone(), spec)
}

#[test]
fn the_variables_of_a_graph_are_those_of_the_checkpoint_beside_it() {
    let golden = Golden::load();
    let mut seen = 0;
    for (_, path, meta) in meta_graphs(&golden) {
        let prefix = path.strip_suffix(".meta").expect("the ending");
        let Ok(bundle) = Reader::open(golden.path(prefix)) else {
            // A V1 checkpoint.
            continue;
        };
        for variable in in_collection(&meta, Collection::Global) {
            let entry = bundle.entry(&variable.variable.name).expect(path);
            let variable = variable.variable;
            assert_eq!(entry.dtype, variable.dtype, "{path}: {}", variable.name);
            let shape = variable.part.map_or(variable.shape, |part| part.full_shape);
            assert_eq!(entry.shape, shape, "{path}: {}", variable.name);
            seen += 1;
        }
    }
    assert!(seen > 0, "no graph lies beside a bundle");
}

#[test]
fn savers_are_read_and_graphs_come_back_from_bytes_and_text() {
    let golden = Golden::load();
    for (case, path, meta) in meta_graphs(&golden) {
        let again = MetaGraph::decode(&meta.encode()).expect(path);
        assert!(again == meta, "{path}: encoded and decoded");
        let text = meta.to_text().expect(path);
        let again = MetaGraph::from_text(&text).expect(path);
        assert_eq!(
            again.to_text().expect(path),
            text,
            "{path}: printed and read"
        );
        let variables = |meta: &MetaGraph| meta.variables().expect(path);
        assert_eq!(variables(&again), variables(&meta), "{path}: from text");
        assert_eq!(again.collections(), meta.collections(), "{path}: from text");
        if let Some(expected) = case.optional::<String>("saver_def") {
            let saver = meta.saver_def().expect(path).encode_to_vec();
            let printed = text_format::print(&SAVER_DEF, &saver).expect(path);
            // Whole numbers of hours: printed here as Python does, with a point.
            assert_eq!(printed.replace(".0\n", "\n"), expected, "{path}");
        }
    }
}
