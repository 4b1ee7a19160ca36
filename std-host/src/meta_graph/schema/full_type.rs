//! Field names of the full types of operations' arguments.

use crate::text_format::{EnumType, Field, Kind, Message};

static FULL_TYPE_ID: EnumType = EnumType {
    name: "a full type",
    values: &[
        (0, "TFT_UNSET"),
        (1, "TFT_VAR"),
        (2, "TFT_ANY"),
        (3, "TFT_PRODUCT"),
        (4, "TFT_NAMED"),
        (20, "TFT_FOR_EACH"),
        (100, "TFT_CALLABLE"),
        (1000, "TFT_TENSOR"),
        (1001, "TFT_ARRAY"),
        (1002, "TFT_OPTIONAL"),
        (1003, "TFT_LITERAL"),
        (1004, "TFT_ENCODED"),
        (1005, "TFT_SHAPE_TENSOR"),
        (200, "TFT_BOOL"),
        (201, "TFT_UINT8"),
        (202, "TFT_UINT16"),
        (203, "TFT_UINT32"),
        (204, "TFT_UINT64"),
        (205, "TFT_INT8"),
        (206, "TFT_INT16"),
        (207, "TFT_INT32"),
        (208, "TFT_INT64"),
        (209, "TFT_HALF"),
        (210, "TFT_FLOAT"),
        (211, "TFT_DOUBLE"),
        (215, "TFT_BFLOAT16"),
        (212, "TFT_COMPLEX64"),
        (213, "TFT_COMPLEX128"),
        (214, "TFT_STRING"),
        (10102, "TFT_DATASET"),
        (10103, "TFT_RAGGED"),
        (10104, "TFT_ITERATOR"),
        (10202, "TFT_MUTEX_LOCK"),
        (10203, "TFT_LEGACY_VARIANT"),
    ],
};

pub(super) static FULL_TYPE_DEF: Message = Message {
    name: "FullTypeDef",
    fields: &[
        Field::single(1, "type_id", Kind::Enum(&FULL_TYPE_ID)),
        Field::repeated(2, "args", Kind::Message(&FULL_TYPE_DEF)),
        Field::single(3, "s", Kind::String),
        Field::single(4, "i", Kind::Int64),
    ],
};
