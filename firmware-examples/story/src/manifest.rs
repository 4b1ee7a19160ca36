//! The parts of `manifest.json` that a device needs.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) title: String,
    pub(crate) classes: Vec<ClassName>,
    pub(crate) input: Input,
    pub(crate) layers: Vec<Layer>,
    pub(crate) feature: Feature,
    pub(crate) int8_graph: Graph,
    pub(crate) adam: Adam,
    pub(crate) results: Results,
    pub(crate) files: BTreeMap<String, FileEntry>,
}

/// A class may be named by a text or by a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum ClassName {
    Text(String),
    Number(serde_json::Number),
}

impl ClassName {
    pub(crate) fn text(&self) -> String {
        match self {
            ClassName::Text(text) => text.clone(),
            ClassName::Number(number) => number.to_string(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Input {
    pub(crate) shape: Vec<u64>,
    pub(crate) tflite_scale: f64,
    pub(crate) tflite_zero_point: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Feature {
    pub(crate) dim: u64,
    pub(crate) i8_scale: f64,
    pub(crate) i8_zero_point: i64,
}

/// A layer as the float model has it: the operator's options that the int8 graph leaves out.
#[derive(Debug, Deserialize)]
pub(crate) struct Layer {
    pub(crate) op: String,
    pub(crate) act: Option<String>,
    pub(crate) stride: Option<[u64; 2]>,
    pub(crate) pad: Option<String>,
    pub(crate) pool: Option<[u64; 2]>,
    pub(crate) out: Vec<u64>,
    pub(crate) dilation: Option<[u64; 2]>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Graph {
    pub(crate) ops: Vec<Op>,
    pub(crate) tensors: Vec<Tensor>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Op {
    pub(crate) op: String,
    pub(crate) inputs: Vec<i64>,
    pub(crate) outputs: Vec<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tensor {
    pub(crate) index: i64,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<u64>,
    pub(crate) scales: Vec<f64>,
    pub(crate) zero_points: Vec<i64>,
    pub(crate) offset: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Adam {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) eps: f64,
}

/// Results by the features' type; each holds `before` and one entry a training order.
#[derive(Debug, Deserialize)]
pub(crate) struct Results {
    pub(crate) i8: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    pub(crate) lr: f64,
    pub(crate) batch: u64,
    pub(crate) steps: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FileEntry {
    pub(crate) bytes: u64,
    pub(crate) dtype: Option<String>,
    pub(crate) shape: Option<Vec<u64>>,
    pub(crate) sha256: Option<String>,
}
