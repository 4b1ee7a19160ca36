//! Logged values in the form of either TensorFlow.

use crate::dtype::DType;
use crate::proto::event::summary_value::Value;
use crate::proto::event::{PluginData, SummaryMetadata, SummaryValue};
use crate::proto::shape::TensorShapeProto;
use crate::proto::tensor::TensorProto;

use super::histogram::{buckets, default_histogram};

/// Number of buckets that `tf.summary.histogram` makes.
const BUCKETS: usize = 30;

/// Whose form logged values have; TensorBoard shows both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// TensorFlow 1: `tf.compat.v1.summary`.
    V1,
    /// TensorFlow 2: `tf.summary`.
    #[default]
    V2,
}

/// A number.
pub fn scalar(dialect: Dialect, tag: &str, value: f32) -> SummaryValue {
    match dialect {
        Dialect::V1 => plain(tag, Value::SimpleValue(value)),
        Dialect::V2 => {
            let content = value.to_le_bytes().to_vec();
            tensor(tag, "scalars", filled(DType::Float32, &[], content))
        }
    }
}

/// A distribution of values; of TensorFlow 2's form with 30 buckets.
pub fn histogram(dialect: Dialect, tag: &str, values: &[f64]) -> SummaryValue {
    match dialect {
        Dialect::V1 => plain(tag, Value::Histo(default_histogram(values))),
        Dialect::V2 => {
            let rows = buckets(values, BUCKETS);
            let content = rows
                .as_flattened()
                .iter()
                .flat_map(|number| number.to_le_bytes());
            let shape = [rows.len() as u64, 3];
            tensor(
                tag,
                "histograms",
                filled(DType::Float64, &shape, content.collect()),
            )
        }
    }
}

/// A text in Markdown; the same in both forms.
pub fn text(tag: &str, text: &str) -> SummaryValue {
    let string = TensorProto {
        string_val: vec![text.as_bytes().to_vec()],
        ..filled(DType::String, &[], Vec::new())
    };
    tensor(tag, "text", string)
}

fn plain(tag: &str, value: Value) -> SummaryValue {
    SummaryValue {
        tag: tag.to_owned(),
        value: Some(value),
        ..SummaryValue::default()
    }
}

fn tensor(tag: &str, plugin_name: &str, tensor: TensorProto) -> SummaryValue {
    let plugin_data = PluginData {
        plugin_name: plugin_name.to_owned(),
        content: Vec::new(),
    };
    let metadata = SummaryMetadata {
        plugin_data: Some(plugin_data),
        ..SummaryMetadata::default()
    };
    let metadata = Some(metadata);
    SummaryValue {
        metadata,
        ..plain(tag, Value::Tensor(Box::new(tensor)))
    }
}

fn filled(dtype: DType, shape: &[u64], tensor_content: Vec<u8>) -> TensorProto {
    TensorProto {
        dtype: dtype.number(),
        tensor_shape: Some(TensorShapeProto::from_dims(shape)),
        tensor_content,
        ..TensorProto::default()
    }
}
