//! Field names of graphs, operations, functions and tensors.

use super::full_type::FULL_TYPE_DEF;
use crate::text_format::{EnumType, Field, Kind, Message};

pub(super) static DATA_TYPE: EnumType = EnumType {
    name: "a data type",
    values: &[
        (0, "DT_INVALID"),
        (1, "DT_FLOAT"),
        (2, "DT_DOUBLE"),
        (3, "DT_INT32"),
        (4, "DT_UINT8"),
        (5, "DT_INT16"),
        (6, "DT_INT8"),
        (7, "DT_STRING"),
        (8, "DT_COMPLEX64"),
        (9, "DT_INT64"),
        (10, "DT_BOOL"),
        (11, "DT_QINT8"),
        (12, "DT_QUINT8"),
        (13, "DT_QINT32"),
        (14, "DT_BFLOAT16"),
        (15, "DT_QINT16"),
        (16, "DT_QUINT16"),
        (17, "DT_UINT16"),
        (18, "DT_COMPLEX128"),
        (19, "DT_HALF"),
        (20, "DT_RESOURCE"),
        (21, "DT_VARIANT"),
        (22, "DT_UINT32"),
        (23, "DT_UINT64"),
        (24, "DT_FLOAT8_E5M2"),
        (25, "DT_FLOAT8_E4M3FN"),
        (26, "DT_FLOAT8_E4M3FNUZ"),
        (27, "DT_FLOAT8_E4M3B11FNUZ"),
        (28, "DT_FLOAT8_E5M2FNUZ"),
        (29, "DT_INT4"),
        (30, "DT_UINT4"),
        (31, "DT_INT2"),
        (32, "DT_UINT2"),
        (33, "DT_FLOAT4_E2M1FN"),
        (101, "DT_FLOAT_REF"),
        (102, "DT_DOUBLE_REF"),
        (103, "DT_INT32_REF"),
        (104, "DT_UINT8_REF"),
        (105, "DT_INT16_REF"),
        (106, "DT_INT8_REF"),
        (107, "DT_STRING_REF"),
        (108, "DT_COMPLEX64_REF"),
        (109, "DT_INT64_REF"),
        (110, "DT_BOOL_REF"),
        (111, "DT_QINT8_REF"),
        (112, "DT_QUINT8_REF"),
        (113, "DT_QINT32_REF"),
        (114, "DT_BFLOAT16_REF"),
        (115, "DT_QINT16_REF"),
        (116, "DT_QUINT16_REF"),
        (117, "DT_UINT16_REF"),
        (118, "DT_COMPLEX128_REF"),
        (119, "DT_HALF_REF"),
        (120, "DT_RESOURCE_REF"),
        (121, "DT_VARIANT_REF"),
        (122, "DT_UINT32_REF"),
        (123, "DT_UINT64_REF"),
        (124, "DT_FLOAT8_E5M2_REF"),
        (125, "DT_FLOAT8_E4M3FN_REF"),
        (126, "DT_FLOAT8_E4M3FNUZ_REF"),
        (127, "DT_FLOAT8_E4M3B11FNUZ_REF"),
        (128, "DT_FLOAT8_E5M2FNUZ_REF"),
        (129, "DT_INT4_REF"),
        (130, "DT_UINT4_REF"),
        (131, "DT_INT2_REF"),
        (132, "DT_UINT2_REF"),
        (133, "DT_FLOAT4_E2M1FN_REF"),
    ],
};

pub(super) static OP_LIST: Message = Message {
    name: "OpList",
    fields: &[Field::repeated(1, "op", Kind::Message(&OP_DEF))],
};

static OP_DEF: Message = Message {
    name: "OpDef",
    fields: &[
        Field::single(1, "name", Kind::String),
        Field::repeated(2, "input_arg", Kind::Message(&OP_DEF_ARG_DEF)),
        Field::repeated(3, "output_arg", Kind::Message(&OP_DEF_ARG_DEF)),
        Field::repeated(4, "attr", Kind::Message(&OP_DEF_ATTR_DEF)),
        Field::single(5, "summary", Kind::String),
        Field::single(6, "description", Kind::String),
        Field::single(8, "deprecation", Kind::Message(&OP_DEPRECATION)),
        Field::single(16, "is_aggregate", Kind::Bool),
        Field::single(17, "is_stateful", Kind::Bool),
        Field::single(18, "is_commutative", Kind::Bool),
        Field::single(19, "allows_uninitialized_input", Kind::Bool),
        Field::repeated(20, "control_output", Kind::String),
        Field::single(21, "is_distributed_communication", Kind::Bool),
    ],
};

static OP_DEF_ARG_DEF: Message = Message {
    name: "ArgDef",
    fields: &[
        Field::single(1, "name", Kind::String),
        Field::single(2, "description", Kind::String),
        Field::single(3, "type", Kind::Enum(&DATA_TYPE)),
        Field::single(4, "type_attr", Kind::String),
        Field::single(5, "number_attr", Kind::String),
        Field::single(6, "type_list_attr", Kind::String),
        Field::repeated(7, "handle_data", Kind::Message(&DTYPE_AND_SHAPE)),
        Field::single(16, "is_ref", Kind::Bool),
        Field::single(17, "experimental_full_type", Kind::Message(&FULL_TYPE_DEF)),
    ],
};

static DTYPE_AND_SHAPE: Message = Message {
    name: "DtypeAndShape",
    fields: &[
        Field::single(1, "dtype", Kind::Enum(&DATA_TYPE)),
        Field::single(2, "shape", Kind::Message(&TENSOR_SHAPE_PROTO)),
    ],
};

static OP_DEF_ATTR_DEF: Message = Message {
    name: "AttrDef",
    fields: &[
        Field::single(1, "name", Kind::String),
        Field::single(2, "type", Kind::String),
        Field::single(3, "default_value", Kind::Message(&ATTR_VALUE)),
        Field::single(4, "description", Kind::String),
        Field::single(5, "has_minimum", Kind::Bool),
        Field::single(6, "minimum", Kind::Int64),
        Field::single(7, "allowed_values", Kind::Message(&ATTR_VALUE)),
    ],
};

static ATTR_VALUE: Message = Message {
    name: "AttrValue",
    fields: &[
        Field::single(1, "list", Kind::Message(&ATTR_VALUE_LIST_VALUE)),
        Field::single(2, "s", Kind::Bytes),
        Field::single(3, "i", Kind::Int64),
        Field::single(4, "f", Kind::Float),
        Field::single(5, "b", Kind::Bool),
        Field::single(6, "type", Kind::Enum(&DATA_TYPE)),
        Field::single(7, "shape", Kind::Message(&TENSOR_SHAPE_PROTO)),
        Field::single(8, "tensor", Kind::Message(&TENSOR_PROTO)),
        Field::single(9, "placeholder", Kind::String),
        Field::single(10, "func", Kind::Message(&NAME_ATTR_LIST)),
    ],
};

static ATTR_VALUE_LIST_VALUE: Message = Message {
    name: "ListValue",
    fields: &[
        Field::repeated(2, "s", Kind::Bytes),
        Field::repeated(3, "i", Kind::Int64),
        Field::repeated(4, "f", Kind::Float),
        Field::repeated(5, "b", Kind::Bool),
        Field::repeated(6, "type", Kind::Enum(&DATA_TYPE)),
        Field::repeated(7, "shape", Kind::Message(&TENSOR_SHAPE_PROTO)),
        Field::repeated(8, "tensor", Kind::Message(&TENSOR_PROTO)),
        Field::repeated(9, "func", Kind::Message(&NAME_ATTR_LIST)),
    ],
};

pub(super) static TENSOR_SHAPE_PROTO: Message = Message {
    name: "TensorShapeProto",
    fields: &[
        Field::repeated(2, "dim", Kind::Message(&TENSOR_SHAPE_PROTO_DIM)),
        Field::single(3, "unknown_rank", Kind::Bool),
    ],
};

static TENSOR_SHAPE_PROTO_DIM: Message = Message {
    name: "Dim",
    fields: &[
        Field::single(1, "size", Kind::Int64),
        Field::single(2, "name", Kind::String),
    ],
};

pub(super) static TENSOR_PROTO: Message = Message {
    name: "TensorProto",
    fields: &[
        Field::single(1, "dtype", Kind::Enum(&DATA_TYPE)),
        Field::single(2, "tensor_shape", Kind::Message(&TENSOR_SHAPE_PROTO)),
        Field::single(3, "version_number", Kind::Int32),
        Field::single(4, "tensor_content", Kind::Bytes),
        Field::repeated(5, "float_val", Kind::Float),
        Field::repeated(6, "double_val", Kind::Double),
        Field::repeated(7, "int_val", Kind::Int32),
        Field::repeated(8, "string_val", Kind::Bytes),
        Field::repeated(9, "scomplex_val", Kind::Float),
        Field::repeated(10, "int64_val", Kind::Int64),
        Field::repeated(11, "bool_val", Kind::Bool),
        Field::repeated(12, "dcomplex_val", Kind::Double),
        Field::repeated(13, "half_val", Kind::Int32),
        Field::repeated(16, "uint32_val", Kind::Uint32),
        Field::repeated(17, "uint64_val", Kind::Uint64),
        Field::single(18, "float8_val", Kind::Bytes),
    ],
};

static NAME_ATTR_LIST: Message = Message {
    name: "NameAttrList",
    fields: &[
        Field::single(1, "name", Kind::String),
        Field::map(2, "attr", &NAME_ATTR_LIST_ATTR_ENTRY),
    ],
};

static NAME_ATTR_LIST_ATTR_ENTRY: Message = Message {
    name: "AttrEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&ATTR_VALUE)),
    ],
};

static OP_DEPRECATION: Message = Message {
    name: "OpDeprecation",
    fields: &[
        Field::single(1, "version", Kind::Int32),
        Field::single(2, "explanation", Kind::String),
    ],
};

pub(super) static GRAPH_DEF: Message = Message {
    name: "GraphDef",
    fields: &[
        Field::repeated(1, "node", Kind::Message(&NODE_DEF)),
        Field::single(2, "library", Kind::Message(&FUNCTION_DEF_LIBRARY)),
        Field::single(3, "version", Kind::Int32),
        Field::single(4, "versions", Kind::Message(&VERSION_DEF)),
    ],
};

static NODE_DEF: Message = Message {
    name: "NodeDef",
    fields: &[
        Field::single(1, "name", Kind::String),
        Field::single(2, "op", Kind::String),
        Field::repeated(3, "input", Kind::String),
        Field::single(4, "device", Kind::String),
        Field::map(5, "attr", &NODE_DEF_ATTR_ENTRY),
        Field::single(
            6,
            "experimental_debug_info",
            Kind::Message(&NODE_DEF_EXPERIMENTAL_DEBUG_INFO),
        ),
        Field::single(7, "experimental_type", Kind::Message(&FULL_TYPE_DEF)),
    ],
};

static NODE_DEF_ATTR_ENTRY: Message = Message {
    name: "AttrEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&ATTR_VALUE)),
    ],
};

static NODE_DEF_EXPERIMENTAL_DEBUG_INFO: Message = Message {
    name: "ExperimentalDebugInfo",
    fields: &[
        Field::repeated(1, "original_node_names", Kind::String),
        Field::repeated(2, "original_func_names", Kind::String),
    ],
};

static FUNCTION_DEF_LIBRARY: Message = Message {
    name: "FunctionDefLibrary",
    fields: &[
        Field::repeated(1, "function", Kind::Message(&FUNCTION_DEF)),
        Field::repeated(2, "gradient", Kind::Message(&GRADIENT_DEF)),
        Field::repeated(
            3,
            "registered_gradients",
            Kind::Message(&REGISTERED_GRADIENT),
        ),
    ],
};

static FUNCTION_DEF: Message = Message {
    name: "FunctionDef",
    fields: &[
        Field::single(1, "signature", Kind::Message(&OP_DEF)),
        Field::repeated(3, "node_def", Kind::Message(&NODE_DEF)),
        Field::map(4, "ret", &FUNCTION_DEF_RET_ENTRY),
        Field::map(5, "attr", &FUNCTION_DEF_ATTR_ENTRY),
        Field::map(6, "control_ret", &FUNCTION_DEF_CONTROL_RET_ENTRY),
        Field::map(7, "arg_attr", &FUNCTION_DEF_ARG_ATTR_ENTRY),
        Field::map(
            8,
            "resource_arg_unique_id",
            &FUNCTION_DEF_RESOURCE_ARG_UNIQUE_ID_ENTRY,
        ),
    ],
};

static FUNCTION_DEF_ARG_ATTR_ENTRY: Message = Message {
    name: "ArgAttrEntry",
    fields: &[
        Field::single(1, "key", Kind::Uint32),
        Field::single(2, "value", Kind::Message(&ARG_ATTRS)),
    ],
};

static ARG_ATTRS: Message = Message {
    name: "ArgAttrs",
    fields: &[Field::map(1, "attr", &FUNCTION_DEF_ATTR_ENTRY)],
};

static FUNCTION_DEF_RESOURCE_ARG_UNIQUE_ID_ENTRY: Message = Message {
    name: "ResourceArgUniqueIdEntry",
    fields: &[
        Field::single(1, "key", Kind::Uint32),
        Field::single(2, "value", Kind::Uint32),
    ],
};

static FUNCTION_DEF_RET_ENTRY: Message = Message {
    name: "RetEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::String),
    ],
};

static FUNCTION_DEF_ATTR_ENTRY: Message = Message {
    name: "AttrEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&ATTR_VALUE)),
    ],
};

static FUNCTION_DEF_CONTROL_RET_ENTRY: Message = Message {
    name: "ControlRetEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::String),
    ],
};

static GRADIENT_DEF: Message = Message {
    name: "GradientDef",
    fields: &[
        Field::single(1, "function_name", Kind::String),
        Field::single(2, "gradient_func", Kind::String),
    ],
};

static REGISTERED_GRADIENT: Message = Message {
    name: "RegisteredGradient",
    fields: &[
        Field::single(1, "gradient_func", Kind::String),
        Field::single(2, "registered_op_type", Kind::String),
    ],
};

static VERSION_DEF: Message = Message {
    name: "VersionDef",
    fields: &[
        Field::single(1, "producer", Kind::Int32),
        Field::single(2, "min_consumer", Kind::Int32),
        Field::repeated(3, "bad_consumers", Kind::Int32),
    ],
};
