//! Object graphs that TensorFlow and Keras wrote.

use gradlet_host::bundle::Reader;
use gradlet_host::object_graph::{OBJECT_GRAPH_KEY, ObjectGraph};
use gradlet_tests::golden::Golden;
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
