//! Messages and texts that are read whole.

use gradlet_host::example::{Example, SequenceExample};
use gradlet_host::mapping::Mapping;
use gradlet_host::meta_graph::MetaGraph;
use gradlet_host::object_graph::ObjectGraph;
use gradlet_host::profile::arrange;
use gradlet_host::state::CheckpointState;
use gradlet_host::{DType, Variable};

use crate::memory::bounded;

/// A MetaGraph, encoded or as text: what can be asked of it, and what it is changed to.
pub fn meta_graph(bytes: &[u8]) {
    bounded(bytes.len(), || {
        if let Ok(graph) = MetaGraph::decode(bytes) {
            ask(&graph);
        }
    });
    let text = String::from_utf8_lossy(bytes);
    bounded(text.len(), || {
        if let Ok(graph) = MetaGraph::from_text(&text) {
            ask(&graph);
        }
    });
}

fn ask(graph: &MetaGraph) {
    let _ = graph.variables();
    let _ = graph.collections();
    let _ = graph.saver_def();
    let _ = graph.missing_inputs();
    let _ = graph.clone().without_devices().within_scope("part");
    if let Ok(text) = graph.to_text() {
        let again = MetaGraph::from_text(&text).expect("a text that was printed is read");
        // Not the bytes: a text has one NaN only, as protobuf's has.
        let printed = again.to_text().expect("what was read is printed");
        assert_eq!(printed, text, "printing changes the graph");
    }
}

/// An object graph: its objects, walked and numbered again.
pub fn object_graph(bytes: &[u8]) {
    bounded(bytes.len(), || {
        let Ok(graph) = ObjectGraph::decode(bytes) else {
            return;
        };
        let _ = graph.variables();
        let _ = graph.names_to_keys();
        let _ = graph.find(["model", "layer-0", "kernel"]);
        let (objects, keys) = graph.to_objects();
        let encoded = objects.encode();
        assert!(
            encoded.keys.len() <= keys.len(),
            "values appeared from nowhere"
        );
    });
}

/// A state file.
pub fn state(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    bounded(text.len(), || {
        if let Ok(state) = CheckpointState::from_text(&text) {
            let printed = state.to_text();
            let again = CheckpointState::from_text(&printed);
            let again = again.expect("a state that was printed is read").to_text();
            assert_eq!(again, printed, "printing changes the state");
        }
    });
}

/// Samples.
pub fn example(bytes: &[u8]) {
    bounded(bytes.len(), || {
        if let Ok(example) = Example::from_bytes(bytes) {
            let again = Example::from_bytes(&example.to_bytes()).expect("written, read");
            assert_eq!(again.to_bytes(), example.to_bytes());
        }
        if let Ok(example) = SequenceExample::from_bytes(bytes) {
            let again = SequenceExample::from_bytes(&example.to_bytes()).expect("written, read");
            assert_eq!(again.to_bytes(), example.to_bytes());
        }
    });
}

/// A mapping file, applied to the variables of a head.
pub fn mapping(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    bounded(text.len(), || {
        let Ok(mapping) = Mapping::from_toml(&text) else {
            return;
        };
        let names = [
            "head/kernel",
            "head/bias",
            "head/kernel/Adam",
            "head/kernel/Adam_1",
        ];
        let variables: Vec<Variable> = names
            .iter()
            .map(|name| Variable::new(*name, DType::Float32, &[2]))
            .collect();
        names.iter().for_each(|name| drop(mapping.assigned(name)));
        if let Ok(arrangement) = arrange(&mapping, &variables, None) {
            let _ = arrangement.objects.encode();
        }
    });
}
