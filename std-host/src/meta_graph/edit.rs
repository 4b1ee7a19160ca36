//! Changing a MetaGraph before it is exported.

use std::collections::HashSet;

use prost::Message as _;

use super::MetaGraph;
use crate::proto::meta_graph::attr::Value;
use crate::proto::meta_graph::collection::Kind;
use crate::proto::meta_graph::{BytesList, CollectionDef, NodeDef, VariableDef};

impl MetaGraph {
    /// The MetaGraph without the devices of its nodes, so that it can be imported on another
    /// machine (`export_meta_graph(clear_devices=True)`).
    #[must_use]
    pub fn without_devices(mut self) -> MetaGraph {
        for node in self
            .def
            .graph_def
            .iter_mut()
            .flat_map(|graph| &mut graph.node)
        {
            node.device.clear();
        }
        self
    }

    /// The nodes and variables whose names begin with `scope/`, that beginning taken off
    /// (`export_meta_graph(export_scope=…)`).
    ///
    /// Inputs from outside the scope get the beginning `$unbound_inputs_`, and the collection
    /// `unbound_inputs` names them: whoever imports the graph has to provide them.
    ///
    /// The saver goes with its nodes: where they lie outside the scope, TensorFlow makes a new one
    /// on import.
    #[must_use]
    pub fn within_scope(mut self, scope: &str) -> MetaGraph {
        let scope = format!("{}/", scope.trim_end_matches('/'));
        if let Some(graph) = &mut self.def.graph_def {
            graph.node.retain(|node| node.name.starts_with(&scope));
            let mut unbound = Vec::new();
            for node in &mut graph.node {
                strip_node(node, &scope, &mut unbound);
            }
            self.def
                .collection_def
                .retain(|_, collection| strip_collection(collection, &scope));
            if !unbound.is_empty() {
                let kind = Some(Kind::BytesList(BytesList { value: unbound }));
                let name = "unbound_inputs".to_owned();
                self.def.collection_def.insert(name, CollectionDef { kind });
            }
        }
        self.def.saver_def = self.def.saver_def.take().and_then(|mut saver| {
            for name in [
                &mut saver.filename_tensor_name,
                &mut saver.save_tensor_name,
                &mut saver.restore_op_name,
            ] {
                *name = name.strip_prefix(&scope)?.to_owned();
            }
            Some(saver)
        });
        self
    }

    /// Names of nodes that are taken as inputs but are not in the graph.
    pub fn missing_inputs(&self) -> Vec<&str> {
        let names: HashSet<&str> = self.nodes().iter().map(|node| node.name.as_str()).collect();
        let inputs = self.nodes().iter().flat_map(|node| &node.input);
        inputs
            .map(|input| node_of(input))
            .filter(|name| !names.contains(name))
            .collect()
    }
}

/// The node that an input comes from.
fn node_of(input: &str) -> &str {
    let name = input.strip_prefix('^').unwrap_or(input);
    name.split(':').next().unwrap_or(name)
}

/// With what the names of inputs from outside a scope begin.
const UNBOUND: &str = "$unbound_inputs_";

fn strip_node(node: &mut NodeDef, scope: &str, unbound: &mut Vec<Vec<u8>>) {
    strip(&mut node.name, scope);
    for input in &mut node.input {
        let (control, name) = match input.strip_prefix('^') {
            Some(name) => ("^", name),
            None => ("", input.as_str()),
        };
        *input = match name.strip_prefix(scope) {
            Some(stripped) => format!("{control}{stripped}"),
            None => {
                let outside = format!("{control}{UNBOUND}{name}");
                unbound.push(outside.clone().into_bytes());
                outside
            }
        };
    }
    if let Some(Value::List(list)) = node.attr.get_mut("_class").and_then(|a| a.value.as_mut()) {
        let prefix = format!("loc:@{scope}").into_bytes();
        list.s.retain(|place| place.starts_with(&prefix));
        for place in &mut list.s {
            place.drain(b"loc:@".len()..prefix.len());
        }
    }
}

/// Takes the scope off the members of a collection; `false` if none are left.
fn strip_collection(collection: &mut CollectionDef, scope: &str) -> bool {
    match &mut collection.kind {
        Some(Kind::NodeList(list)) => {
            list.value.retain(|name| name.starts_with(scope));
            list.value.iter_mut().for_each(|name| strip(name, scope));
            !list.value.is_empty()
        }
        Some(Kind::BytesList(list)) => {
            let members = std::mem::take(&mut list.value).into_iter();
            list.value = members
                .filter_map(|member| strip_variable(member, scope))
                .collect();
            !list.value.is_empty()
        }
        _ => true,
    }
}

/// Takes the scope off an encoded variable; `None` if it lies outside. What is no variable stays.
fn strip_variable(encoded: Vec<u8>, scope: &str) -> Option<Vec<u8>> {
    let Ok(mut def) = VariableDef::decode(encoded.as_slice()) else {
        return Some(encoded);
    };
    def.variable_name = def.variable_name.strip_prefix(scope)?.to_owned();
    for name in [
        &mut def.initializer_name,
        &mut def.snapshot_name,
        &mut def.initial_value_name,
    ] {
        strip(name, scope);
    }
    if let Some(info) = &mut def.save_slice_info_def {
        strip(&mut info.full_name, scope);
    }
    Some(def.encode_to_vec())
}

fn strip(name: &mut String, scope: &str) {
    if let Some(stripped) = name.strip_prefix(scope) {
        *name = stripped.to_owned();
    }
}
