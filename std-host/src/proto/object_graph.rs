//! `trackable_object_graph.proto`: the tree of objects behind an object-based checkpoint.

/// All objects of a checkpoint (`TrackableObjectGraph`); the first is the root.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TrackableObjectGraph {
    /// The objects.
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<TrackableObject>,
}

/// One object (`TrackableObject`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct TrackableObject {
    /// Objects that are attributes of it.
    #[prost(message, repeated, tag = "1")]
    pub children: Vec<ObjectReference>,
    /// Values of its own.
    #[prost(message, repeated, tag = "2")]
    pub attributes: Vec<SerializedTensor>,
    /// For an optimizer, the variables it keeps for other variables.
    #[prost(message, repeated, tag = "3")]
    pub slot_variables: Vec<SlotVariableReference>,
    /// A saver that is not TensorFlow's own.
    #[prost(message, optional, boxed, tag = "4")]
    pub registered_saver: Option<Box<RegisteredSaver>>,
    /// Whether it or anything under it has values.
    #[prost(message, optional, tag = "5")]
    pub has_checkpoint_values: Option<BoolValue>,
}

/// An attribute that is an object (`ObjectReference`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct ObjectReference {
    /// The object.
    #[prost(int32, tag = "1")]
    pub node_id: i32,
    /// Name of the attribute.
    #[prost(string, tag = "2")]
    pub local_name: String,
}

/// A value of an object (`SerializedTensor`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SerializedTensor {
    /// Name of the value, `VARIABLE_VALUE` for variables.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Name of the variable in name-based checkpoints.
    #[prost(string, tag = "2")]
    pub full_name: String,
    /// Name of the tensor in the bundle.
    #[prost(string, tag = "3")]
    pub checkpoint_key: String,
}

/// A variable that an optimizer keeps for another one (`SlotVariableReference`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SlotVariableReference {
    /// The other one.
    #[prost(int32, tag = "1")]
    pub original_variable_node_id: i32,
    /// What it keeps, for example `m`.
    #[prost(string, tag = "2")]
    pub slot_name: String,
    /// The variable kept.
    #[prost(int32, tag = "3")]
    pub slot_variable_node_id: i32,
}

/// A saver that is not TensorFlow's own (`RegisteredSaver`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct RegisteredSaver {
    /// Name of the saver.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Name of the object.
    #[prost(string, tag = "2")]
    pub object_name: String,
}

/// A truth value that can be absent (`google.protobuf.BoolValue`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct BoolValue {
    /// The value.
    #[prost(bool, tag = "1")]
    pub value: bool,
}
