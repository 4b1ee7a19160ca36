//! Making a MetaGraph from a list of variables.

use std::collections::{BTreeMap, HashSet};

use prost::Message as _;

use super::nodes::{dtype, dtypes, node, shape, string_const, zeros};
use super::{Collection, GraphVariable, MetaGraph, VariableKind};
use crate::dtype::DType;
use crate::proto::meta_graph::attr::Value;
use crate::proto::meta_graph::collection::Kind;
use crate::proto::meta_graph::{
    BytesList, CollectionDef, GraphDef, MetaGraphDef, MetaInfoDef, NodeDef, SaveSliceInfoDef,
    VariableDef,
};
use crate::proto::saver::SaverDef;
use crate::proto::shape::VersionDef;
use crate::slice::Extent;

/// Version of the graph format, as TensorFlow 2.21 writes it (`TF_GRAPH_DEF_VERSION`).
const GRAPH_VERSION: i32 = 2474;

/// The oldest TensorFlow that reads the graph (`TF_GRAPH_DEF_VERSION_MIN_CONSUMER`).
const GRAPH_MIN_CONSUMER: i32 = 12;

/// From TensorFlow 1.9 on, variables say themselves whether they are trained.
const TENSORFLOW_VERSION: &str = "2.21.0";

/// Names of the nodes of a saver, as `tf.compat.v1.train.Saver` gives them.
const FILE_NAME: &str = "save/Const";
const SAVED: &str = "save/control_dependency";
const RESTORED: &str = "save/restore_all";

/// Version number of the V1 format in a `SaverDef`.
const V1: i32 = 1;

/// A saver's definition with the names of the nodes that [`MetaGraph::build`] makes.
pub fn saver_def(max_to_keep: i32, keep_checkpoint_every_n_hours: f32) -> SaverDef {
    SaverDef {
        filename_tensor_name: format!("{FILE_NAME}:0"),
        save_tensor_name: format!("{SAVED}:0"),
        restore_op_name: RESTORED.to_owned(),
        max_to_keep,
        sharded: false,
        keep_checkpoint_every_n_hours,
        version: 2,
    }
}

impl MetaGraph {
    /// A graph with these variables, each initialised with zeros, and operations that save and
    /// restore them.
    ///
    /// The graph is not divided over devices: a `sharded` saver is noted as such and writes one
    /// file.
    pub fn build(variables: &[GraphVariable], saver: &SaverDef) -> MetaGraph {
        let mut graph = GraphDef {
            versions: Some(VersionDef {
                producer: GRAPH_VERSION,
                min_consumer: GRAPH_MIN_CONSUMER,
                bad_consumers: Vec::new(),
            }),
            ..GraphDef::default()
        };
        for variable in variables {
            graph.node.extend(variable.nodes());
        }
        if !variables.is_empty() {
            let mut saved: Vec<&GraphVariable> = variables.iter().collect();
            saved.sort_by(|a, b| a.variable.name.cmp(&b.variable.name));
            graph.node.extend(file_name_nodes());
            graph.node.extend(save_nodes(&saved, saver));
            graph.node.extend(restore_nodes(&saved));
        }
        MetaGraph {
            def: MetaGraphDef {
                meta_info_def: Some(MetaInfoDef {
                    tensorflow_version: TENSORFLOW_VERSION.to_owned(),
                    stripped_default_attrs: true,
                    ..MetaInfoDef::default()
                }),
                graph_def: Some(graph),
                saver_def: (!variables.is_empty()).then(|| saver.clone()),
                collection_def: collections(variables),
                ..MetaGraphDef::default()
            },
        }
    }
}

impl GraphVariable {
    fn nodes(&self) -> [NodeDef; 4] {
        let name = self.op_name.as_str();
        let (of, dims) = (self.variable.dtype, self.variable.shape.as_slice());
        let initial = zeros(&self.initial_value_op(), of, dims).beside(name);
        let assign = self.assign_op();
        match self.kind {
            VariableKind::Resource => [
                initial,
                node(name, "VarHandleOp")
                    .attr("dtype", dtype(of))
                    .attr("shape", shape(dims))
                    .attr("shared_name", Value::S(name.as_bytes().to_vec()))
                    .beside(name),
                node(&assign, "AssignVariableOp")
                    .inputs([name.to_owned(), self.initial_value_op()])
                    .attr("dtype", dtype(of)),
                node(&self.read_op(), "ReadVariableOp")
                    .inputs([name])
                    .attr("dtype", dtype(of)),
            ],
            VariableKind::Reference => [
                initial,
                node(name, "VariableV2")
                    .attr("dtype", dtype(of))
                    .attr("shape", shape(dims))
                    .beside(name),
                assign_reference(&assign, self, self.initial_value_op()),
                node(&self.read_op(), "Identity")
                    .inputs([name])
                    .attr("T", dtype(of))
                    .beside(name),
            ],
        }
    }

    fn initial_value_op(&self) -> String {
        format!("{}/Initializer/zeros", self.op_name)
    }

    fn assign_op(&self) -> String {
        format!("{}/Assign", self.op_name)
    }

    fn read_op(&self) -> String {
        match self.kind {
            VariableKind::Resource => format!("{}/Read/ReadVariableOp", self.op_name),
            VariableKind::Reference => format!("{}/read", self.op_name),
        }
    }

    /// The tensor that SaveV2 takes.
    fn value(&self) -> String {
        match self.kind {
            VariableKind::Resource => self.read_op(),
            VariableKind::Reference => self.op_name.clone(),
        }
    }

    fn def(&self) -> VariableDef {
        VariableDef {
            variable_name: format!("{}:0", self.op_name),
            initializer_name: self.assign_op(),
            snapshot_name: format!("{}:0", self.read_op()),
            save_slice_info_def: self.slice_info(),
            is_resource: self.kind == VariableKind::Resource,
            initial_value_name: format!("{}:0", self.initial_value_op()),
            trainable: self.collections.contains(&Collection::Trainable),
            ..VariableDef::default()
        }
    }

    fn slice_info(&self) -> Option<SaveSliceInfoDef> {
        let part = self.variable.part.as_ref()?;
        let signed = |dims: &[u64]| dims.iter().map(|&dim| dim as i64).collect();
        let start = |extent: &Extent| match *extent {
            Extent::Full => 0,
            Extent::Range { start, .. } => start as i64,
        };
        Some(SaveSliceInfoDef {
            full_name: self.variable.name.to_string(),
            full_shape: signed(&part.full_shape),
            var_offset: part.slice.extents().iter().map(start).collect(),
            var_shape: signed(&self.variable.shape),
        })
    }

    /// Shape and slice as SaveV2 takes them: `13 6 0,5:0,6`, or nothing for a whole variable.
    fn spec(&self) -> String {
        let Some(part) = &self.variable.part else {
            return String::new();
        };
        let dims: String = part
            .full_shape
            .iter()
            .map(|dim| format!("{dim} "))
            .collect();
        format!("{dims}{}", part.slice)
    }
}

fn assign_reference(name: &str, variable: &GraphVariable, value: String) -> NodeDef {
    node(name, "Assign")
        .inputs([variable.op_name.clone(), value])
        .attr("T", dtype(variable.variable.dtype))
        .beside(&variable.op_name)
}

/// The nodes that take the prefix of the checkpoint.
fn file_name_nodes() -> [NodeDef; 3] {
    let placeholder = |name: &str, default: &str| {
        node(name, "PlaceholderWithDefault")
            .inputs([default])
            .attr("dtype", dtype(DType::String))
            .attr("shape", shape(&[]))
    };
    [
        string_const("save/filename/input", &[], vec![b"model".to_vec()]),
        placeholder("save/filename", "save/filename/input"),
        placeholder(FILE_NAME, "save/filename"),
    ]
}

/// Names and slices of the variables, as constants of the operation `op`.
fn what_to_save(op: &str, specs: &str, variables: &[&GraphVariable]) -> [NodeDef; 2] {
    let count = [variables.len() as u64];
    let names = variables
        .iter()
        .map(|v| v.variable.name.as_bytes().to_vec())
        .collect();
    let slices = variables.iter().map(|v| v.spec().into_bytes()).collect();
    [
        string_const(&format!("{op}/tensor_names"), &count, names),
        string_const(&format!("{op}/{specs}"), &count, slices),
    ]
}

fn save_nodes(variables: &[&GraphVariable], saver: &SaverDef) -> Vec<NodeDef> {
    let (op, kernel, specs, types) = match saver.version {
        V1 => ("save/SaveSlices", "SaveSlices", "shapes_and_slices", "T"),
        _ => ("save/SaveV2", "SaveV2", "shape_and_slices", "dtypes"),
    };
    let mut nodes = what_to_save(op, specs, variables).to_vec();
    let what = [
        FILE_NAME.to_owned(),
        format!("{op}/tensor_names"),
        format!("{op}/{specs}"),
    ];
    nodes.push(
        node(op, kernel)
            .inputs(what)
            .inputs(variables.iter().map(|variable| variable.value()))
            .attr(
                types,
                dtypes(variables.iter().map(|variable| variable.variable.dtype)),
            ),
    );
    nodes.push(
        node(SAVED, "Identity")
            .inputs([FILE_NAME.to_owned(), format!("^{op}")])
            .attr("T", dtype(DType::String))
            .beside(FILE_NAME),
    );
    nodes
}

fn restore_nodes(variables: &[&GraphVariable]) -> Vec<NodeDef> {
    let op = "save/RestoreV2";
    let mut nodes = what_to_save(op, "shape_and_slices", variables).to_vec();
    nodes.push(
        node(op, "RestoreV2")
            .inputs([FILE_NAME.to_owned()])
            .inputs(["tensor_names", "shape_and_slices"].map(|input| format!("{op}/{input}")))
            .attr(
                "dtypes",
                dtypes(variables.iter().map(|variable| variable.variable.dtype)),
            ),
    );
    let mut done = Vec::new();
    for (number, variable) in variables.iter().enumerate() {
        let of = variable.variable.dtype;
        let restored = if number == 0 {
            op.to_owned()
        } else {
            format!("{op}:{number}")
        };
        let numbered = |name: &str| match number {
            0 => format!("save/{name}"),
            _ => format!("save/{name}_{number}"),
        };
        let assign = match variable.kind {
            VariableKind::Resource => {
                let value = numbered("Identity");
                nodes.push(
                    node(&value, "Identity")
                        .inputs([restored])
                        .attr("T", dtype(of)),
                );
                node(&numbered("AssignVariableOp"), "AssignVariableOp")
                    .inputs([variable.op_name.clone(), value])
                    .attr("dtype", dtype(of))
            }
            VariableKind::Reference => assign_reference(&numbered("Assign"), variable, restored),
        };
        done.push(format!("^{}", assign.name));
        nodes.push(assign);
    }
    nodes.push(node(RESTORED, "NoOp").inputs(done));
    nodes
}

fn collections(variables: &[GraphVariable]) -> BTreeMap<String, CollectionDef> {
    let mut lists: BTreeMap<String, BytesList> = BTreeMap::new();
    for variable in variables {
        let encoded = variable.def().encode_to_vec();
        let names: HashSet<&str> = variable
            .collections
            .iter()
            .map(|collection| collection.name())
            .collect();
        // Where `tf.compat.v1.train.get_global_step` looks.
        let step = (variable.op_name == "global_step").then_some("global_step");
        for name in names.into_iter().chain(step) {
            lists
                .entry(name.to_owned())
                .or_default()
                .value
                .push(encoded.clone());
        }
    }
    let collection = |list| CollectionDef {
        kind: Some(Kind::BytesList(list)),
    };
    lists
        .into_iter()
        .map(|(name, list)| (name, collection(list)))
        .collect()
}
