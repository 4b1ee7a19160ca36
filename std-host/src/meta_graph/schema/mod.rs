//! Field names of a MetaGraph and what is in it.
//!
//! Left out, and hence missing from text: `any_info` and members of collections that are `Any`s,
//! `object_graph_def`, debug information, and rarely used parts of operations and functions.

mod full_type;
mod graph;

use self::graph::{DATA_TYPE, GRAPH_DEF, OP_LIST, TENSOR_PROTO, TENSOR_SHAPE_PROTO};
use crate::proto::saver::SAVER_DEF;
use crate::text_format::{Field, Kind, Message};

/// The whole message.
pub(super) static META_GRAPH_DEF: Message = Message {
    name: "MetaGraphDef",
    fields: &[
        Field::single(
            1,
            "meta_info_def",
            Kind::Message(&META_GRAPH_DEF_META_INFO_DEF),
        ),
        Field::single(2, "graph_def", Kind::Message(&GRAPH_DEF)),
        Field::single(3, "saver_def", Kind::Message(&SAVER_DEF)),
        Field::map(4, "collection_def", &META_GRAPH_DEF_COLLECTION_DEF_ENTRY),
        Field::map(5, "signature_def", &META_GRAPH_DEF_SIGNATURE_DEF_ENTRY),
        Field::repeated(6, "asset_file_def", Kind::Message(&ASSET_FILE_DEF)),
    ],
};

static META_GRAPH_DEF_META_INFO_DEF: Message = Message {
    name: "MetaInfoDef",
    fields: &[
        Field::single(1, "meta_graph_version", Kind::String),
        Field::single(2, "stripped_op_list", Kind::Message(&OP_LIST)),
        Field::repeated(4, "tags", Kind::String),
        Field::single(5, "tensorflow_version", Kind::String),
        Field::single(6, "tensorflow_git_version", Kind::String),
        Field::single(7, "stripped_default_attrs", Kind::Bool),
        Field::map(
            8,
            "function_aliases",
            &META_GRAPH_DEF_META_INFO_DEF_FUNCTION_ALIASES_ENTRY,
        ),
    ],
};

static META_GRAPH_DEF_META_INFO_DEF_FUNCTION_ALIASES_ENTRY: Message = Message {
    name: "FunctionAliasesEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::String),
    ],
};

static META_GRAPH_DEF_COLLECTION_DEF_ENTRY: Message = Message {
    name: "CollectionDefEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&COLLECTION_DEF)),
    ],
};

static COLLECTION_DEF: Message = Message {
    name: "CollectionDef",
    fields: &[
        Field::single(1, "node_list", Kind::Message(&COLLECTION_DEF_NODE_LIST)),
        Field::single(2, "bytes_list", Kind::Message(&COLLECTION_DEF_BYTES_LIST)),
        Field::single(3, "int64_list", Kind::Message(&COLLECTION_DEF_INT64_LIST)),
        Field::single(4, "float_list", Kind::Message(&COLLECTION_DEF_FLOAT_LIST)),
    ],
};

static COLLECTION_DEF_NODE_LIST: Message = Message {
    name: "NodeList",
    fields: &[Field::repeated(1, "value", Kind::String)],
};

static COLLECTION_DEF_BYTES_LIST: Message = Message {
    name: "BytesList",
    fields: &[Field::repeated(1, "value", Kind::Bytes)],
};

static COLLECTION_DEF_INT64_LIST: Message = Message {
    name: "Int64List",
    fields: &[Field::repeated(1, "value", Kind::Int64)],
};

static COLLECTION_DEF_FLOAT_LIST: Message = Message {
    name: "FloatList",
    fields: &[Field::repeated(1, "value", Kind::Float)],
};

static META_GRAPH_DEF_SIGNATURE_DEF_ENTRY: Message = Message {
    name: "SignatureDefEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&SIGNATURE_DEF)),
    ],
};

static SIGNATURE_DEF: Message = Message {
    name: "SignatureDef",
    fields: &[
        Field::map(1, "inputs", &SIGNATURE_DEF_INPUTS_ENTRY),
        Field::map(2, "outputs", &SIGNATURE_DEF_OUTPUTS_ENTRY),
        Field::single(3, "method_name", Kind::String),
        Field::map(4, "defaults", &SIGNATURE_DEF_DEFAULTS_ENTRY),
    ],
};

static SIGNATURE_DEF_INPUTS_ENTRY: Message = Message {
    name: "InputsEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&TENSOR_INFO)),
    ],
};

static TENSOR_INFO: Message = Message {
    name: "TensorInfo",
    fields: &[
        Field::single(1, "name", Kind::String),
        Field::single(2, "dtype", Kind::Enum(&DATA_TYPE)),
        Field::single(3, "tensor_shape", Kind::Message(&TENSOR_SHAPE_PROTO)),
        Field::single(4, "coo_sparse", Kind::Message(&TENSOR_INFO_COO_SPARSE)),
    ],
};

static TENSOR_INFO_COO_SPARSE: Message = Message {
    name: "CooSparse",
    fields: &[
        Field::single(1, "values_tensor_name", Kind::String),
        Field::single(2, "indices_tensor_name", Kind::String),
        Field::single(3, "dense_shape_tensor_name", Kind::String),
    ],
};

static SIGNATURE_DEF_OUTPUTS_ENTRY: Message = Message {
    name: "OutputsEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&TENSOR_INFO)),
    ],
};

static SIGNATURE_DEF_DEFAULTS_ENTRY: Message = Message {
    name: "DefaultsEntry",
    fields: &[
        Field::single(1, "key", Kind::String),
        Field::single(2, "value", Kind::Message(&TENSOR_PROTO)),
    ],
};

static ASSET_FILE_DEF: Message = Message {
    name: "AssetFileDef",
    fields: &[
        Field::single(1, "tensor_info", Kind::Message(&TENSOR_INFO)),
        Field::single(2, "filename", Kind::String),
    ],
};
