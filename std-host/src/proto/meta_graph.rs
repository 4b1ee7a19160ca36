//! `meta_graph.proto`, `graph.proto`, `node_def.proto`, `attr_value.proto` and `variable.proto`.
//!
//! Parts that this library only carries along stay encoded.

use std::collections::BTreeMap;

use super::saver::SaverDef;
use super::shape::{TensorShapeProto, VersionDef};
use super::tensor::TensorProto;

/// A graph with what a program needs to go on with it (`MetaGraphDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct MetaGraphDef {
    /// An encoded `MetaInfoDef`.
    #[prost(message, optional, tag = "1")]
    pub meta_info_def: Option<MetaInfoDef>,
    /// The graph.
    #[prost(message, optional, tag = "2")]
    pub graph_def: Option<GraphDef>,
    /// The saver that belongs to it.
    #[prost(message, optional, tag = "3")]
    pub saver_def: Option<SaverDef>,
    /// Collections by name.
    #[prost(btree_map = "string, message", tag = "4")]
    pub collection_def: BTreeMap<String, CollectionDef>,
    /// Encoded entries of the map of signatures.
    #[prost(bytes = "vec", repeated, tag = "5")]
    pub signature_def: Vec<Vec<u8>>,
    /// Encoded `AssetFileDef`s.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub asset_file_def: Vec<Vec<u8>>,
    /// An encoded `SavedObjectGraph`.
    #[prost(bytes = "vec", optional, tag = "7")]
    pub object_graph_def: Option<Vec<u8>>,
}

/// Who made a MetaGraph (`MetaGraphDef.MetaInfoDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct MetaInfoDef {
    /// Version chosen by the user.
    #[prost(string, tag = "1")]
    pub meta_graph_version: String,
    /// An encoded `OpList` of the operations used.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub stripped_op_list: Option<Vec<u8>>,
    /// An encoded `Any`.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub any_info: Option<Vec<u8>>,
    /// Tags chosen by the user.
    #[prost(string, repeated, tag = "4")]
    pub tags: Vec<String>,
    /// Version of TensorFlow.
    #[prost(string, tag = "5")]
    pub tensorflow_version: String,
    /// The same, from its repository.
    #[prost(string, tag = "6")]
    pub tensorflow_git_version: String,
    /// Whether attributes with their default value were left out.
    #[prost(bool, tag = "7")]
    pub stripped_default_attrs: bool,
    /// Names of functions in the program.
    #[prost(btree_map = "string, string", tag = "8")]
    pub function_aliases: BTreeMap<String, String>,
}

/// A graph of operations (`GraphDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct GraphDef {
    /// The operations.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeDef>,
    /// An encoded `FunctionDefLibrary`.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub library: Option<Vec<u8>>,
    /// Version of old graphs.
    #[prost(int32, tag = "3")]
    pub version: i32,
    /// Versions of producer and consumers.
    #[prost(message, optional, tag = "4")]
    pub versions: Option<VersionDef>,
    /// An encoded `GraphDebugInfo`.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub debug_info: Option<Vec<u8>>,
}

/// One operation (`NodeDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct NodeDef {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Which operation.
    #[prost(string, tag = "2")]
    pub op: String,
    /// Its inputs: `node`, `node:1`, `^node` to run after it.
    #[prost(string, repeated, tag = "3")]
    pub input: Vec<String>,
    /// Where it runs.
    #[prost(string, tag = "4")]
    pub device: String,
    /// Its attributes.
    #[prost(btree_map = "string, message", tag = "5")]
    pub attr: BTreeMap<String, AttrValue>,
    /// An encoded `ExperimentalDebugInfo`.
    #[prost(bytes = "vec", optional, tag = "6")]
    pub experimental_debug_info: Option<Vec<u8>>,
    /// An encoded `FullTypeDef`.
    #[prost(bytes = "vec", optional, tag = "7")]
    pub experimental_type: Option<Vec<u8>>,
}

/// Value of an attribute (`AttrValue`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct AttrValue {
    /// The value.
    #[prost(oneof = "attr::Value", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    pub value: Option<attr::Value>,
}

/// Kinds of attribute values.
pub mod attr {
    /// Value of an attribute.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Value {
        /// Several values.
        #[prost(message, boxed, tag = "1")]
        List(Box<super::ListValue>),
        /// A string.
        #[prost(bytes, tag = "2")]
        S(Vec<u8>),
        /// An integer.
        #[prost(int64, tag = "3")]
        I(i64),
        /// A number.
        #[prost(float, tag = "4")]
        F(f32),
        /// A truth value.
        #[prost(bool, tag = "5")]
        B(bool),
        /// An element type.
        #[prost(int32, tag = "6")]
        Type(i32),
        /// A shape.
        #[prost(message, tag = "7")]
        Shape(super::TensorShapeProto),
        /// A tensor.
        #[prost(message, boxed, tag = "8")]
        Tensor(Box<super::TensorProto>),
        /// Name of a parameter of the function that the node is in.
        #[prost(string, tag = "9")]
        Placeholder(String),
        /// An encoded `NameAttrList`.
        #[prost(bytes, tag = "10")]
        Func(Vec<u8>),
    }
}

/// Several attribute values (`AttrValue.ListValue`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct ListValue {
    /// Strings.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub s: Vec<Vec<u8>>,
    /// Integers.
    #[prost(int64, repeated, tag = "3")]
    pub i: Vec<i64>,
    /// Numbers.
    #[prost(float, repeated, tag = "4")]
    pub f: Vec<f32>,
    /// Truth values.
    #[prost(bool, repeated, tag = "5")]
    pub b: Vec<bool>,
    /// Element types.
    #[prost(int32, repeated, tag = "6")]
    pub r#type: Vec<i32>,
    /// Shapes.
    #[prost(message, repeated, tag = "7")]
    pub shape: Vec<TensorShapeProto>,
    /// Encoded `TensorProto`s.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub tensor: Vec<Vec<u8>>,
    /// Encoded `NameAttrList`s.
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub func: Vec<Vec<u8>>,
}

/// A collection (`CollectionDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct CollectionDef {
    /// Its members.
    #[prost(oneof = "collection::Kind", tags = "1, 2, 3, 4, 5")]
    pub kind: Option<collection::Kind>,
}

/// Kinds of collections.
pub mod collection {
    /// Members of a collection.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Kind {
        /// Names of operations or tensors.
        #[prost(message, tag = "1")]
        NodeList(super::NodeList),
        /// Encoded messages, such as `VariableDef`.
        #[prost(message, tag = "2")]
        BytesList(super::BytesList),
        /// Integers.
        #[prost(message, tag = "3")]
        Int64List(super::Int64List),
        /// Numbers.
        #[prost(message, tag = "4")]
        FloatList(super::FloatList),
        /// Encoded `Any`s.
        #[prost(message, tag = "5")]
        AnyList(super::BytesList),
    }
}

/// Names of operations or tensors (`CollectionDef.NodeList`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct NodeList {
    /// The names.
    #[prost(string, repeated, tag = "1")]
    pub value: Vec<String>,
}

/// Encoded messages (`CollectionDef.BytesList`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct BytesList {
    /// The messages.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub value: Vec<Vec<u8>>,
}

/// Integers (`CollectionDef.Int64List`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Int64List {
    /// The integers.
    #[prost(int64, repeated, tag = "1")]
    pub value: Vec<i64>,
}

/// Numbers (`CollectionDef.FloatList`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct FloatList {
    /// The numbers.
    #[prost(float, repeated, tag = "1")]
    pub value: Vec<f32>,
}

/// A variable of a graph (`VariableDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct VariableDef {
    /// Tensor of the variable: `w:0`.
    #[prost(string, tag = "1")]
    pub variable_name: String,
    /// Operation that initialises it.
    #[prost(string, tag = "2")]
    pub initializer_name: String,
    /// Tensor that reads it.
    #[prost(string, tag = "3")]
    pub snapshot_name: String,
    /// For a part of a partitioned variable, which part.
    #[prost(message, optional, tag = "4")]
    pub save_slice_info_def: Option<SaveSliceInfoDef>,
    /// Whether it is a resource variable rather than a reference variable.
    #[prost(bool, tag = "5")]
    pub is_resource: bool,
    /// Tensor of its initial value.
    #[prost(string, tag = "6")]
    pub initial_value_name: String,
    /// Whether it is trained.
    #[prost(bool, tag = "7")]
    pub trainable: bool,
    /// How copies on several devices are kept equal.
    #[prost(int32, tag = "8")]
    pub synchronization: i32,
    /// How copies on several devices are combined.
    #[prost(int32, tag = "9")]
    pub aggregation: i32,
}

/// Which part of a partitioned variable one is (`SaveSliceInfoDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SaveSliceInfoDef {
    /// Name of the whole.
    #[prost(string, tag = "1")]
    pub full_name: String,
    /// Shape of the whole.
    #[prost(int64, repeated, tag = "2")]
    pub full_shape: Vec<i64>,
    /// Where the part starts.
    #[prost(int64, repeated, tag = "3")]
    pub var_offset: Vec<i64>,
    /// Shape of the part.
    #[prost(int64, repeated, tag = "4")]
    pub var_shape: Vec<i64>,
}
