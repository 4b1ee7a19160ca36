//! Nodes of a graph: names, inputs, attributes.

use crate::dtype::DType;
use crate::proto::meta_graph::attr::Value;
use crate::proto::meta_graph::{AttrValue, ListValue, NodeDef};
use crate::proto::shape::TensorShapeProto;
use crate::proto::tensor::TensorProto;

/// A node without inputs and attributes.
pub(super) fn node(name: &str, op: &str) -> NodeDef {
    NodeDef {
        name: name.to_owned(),
        op: op.to_owned(),
        ..NodeDef::default()
    }
}

impl NodeDef {
    /// The node with these inputs after the ones it has.
    pub(super) fn inputs<I: Into<String>>(mut self, inputs: impl IntoIterator<Item = I>) -> Self {
        self.input.extend(inputs.into_iter().map(Into::into));
        self
    }

    /// The node with one more attribute.
    pub(super) fn attr(mut self, name: &str, value: Value) -> Self {
        self.attr
            .insert(name.to_owned(), AttrValue { value: Some(value) });
        self
    }

    /// The node, kept on the device of another one.
    pub(super) fn beside(self, other: &str) -> Self {
        let s = vec![format!("loc:@{other}").into_bytes()];
        self.attr(
            "_class",
            Value::List(Box::new(ListValue {
                s,
                ..ListValue::default()
            })),
        )
    }
}

/// An element type.
pub(super) fn dtype(dtype: DType) -> Value {
    Value::Type(dtype.number())
}

/// Several element types.
pub(super) fn dtypes(dtypes: impl IntoIterator<Item = DType>) -> Value {
    let r#type = dtypes.into_iter().map(DType::number).collect();
    Value::List(Box::new(ListValue {
        r#type,
        ..ListValue::default()
    }))
}

/// A shape.
pub(super) fn shape(dims: &[u64]) -> Value {
    Value::Shape(TensorShapeProto::from_dims(dims))
}

/// A constant string, or a list of them.
pub(super) fn string_const(name: &str, dims: &[u64], strings: Vec<Vec<u8>>) -> NodeDef {
    let tensor = TensorProto {
        dtype: DType::String.number(),
        tensor_shape: Some(TensorShapeProto::from_dims(dims)),
        string_val: strings,
        ..TensorProto::default()
    };
    let value = Value::Tensor(Box::new(tensor));
    node(name, "Const")
        .attr("dtype", dtype(DType::String))
        .attr("value", value)
}

/// A constant whose elements are all zero, or all empty; a single one is stored.
pub(super) fn zeros(name: &str, of: DType, dims: &[u64]) -> NodeDef {
    let mut tensor = TensorProto {
        dtype: of.number(),
        tensor_shape: Some(TensorShapeProto::from_dims(dims)),
        ..TensorProto::default()
    };
    match of {
        DType::Float32 => tensor.float_val.push(0.0),
        DType::Float64 => tensor.double_val.push(0.0),
        DType::String => tensor.string_val.push(Vec::new()),
        DType::Complex64 => tensor.scomplex_val.extend([0.0; 2]),
        DType::Complex128 => tensor.dcomplex_val.extend([0.0; 2]),
        DType::Int64 => tensor.int64_val.push(0),
        DType::UInt32 => tensor.uint32_val.push(0),
        DType::UInt64 => tensor.uint64_val.push(0),
        DType::Bool => tensor.bool_val.push(false),
        DType::Float16 | DType::BFloat16 => tensor.half_val.push(0),
        DType::Float8E5M2
        | DType::Float8E4M3Fn
        | DType::Float8E4M3Fnuz
        | DType::Float8E4M3B11Fnuz
        | DType::Float8E5M2Fnuz => tensor.float8_val.push(0),
        _ => tensor.int_val.push(0),
    }
    node(name, "Const")
        .attr("dtype", dtype(of))
        .attr("value", Value::Tensor(Box::new(tensor)))
}
