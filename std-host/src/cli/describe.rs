//! What `inspect`, `verify` and `convert` say of a checkpoint, as text and as JSON.

use anyhow::Context;
use gradlet::checkpoint::Encoding;
use gradlet_host::bundle::{self, Layout};
use gradlet_host::convert::Source;
use gradlet_host::device::DeviceCheckpoint;
use gradlet_host::object_graph::OBJECT_GRAPH_KEY;
use serde::Serialize;

/// A checkpoint of any kind.
#[derive(Debug, Serialize)]
pub(super) struct Description {
    /// The format.
    pub(super) kind: &'static str,
    pub(super) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global_step: Option<i64>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_id: Option<u32>,
    /// The user's own bytes, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<String>,
    pub(super) tensors: Vec<TensorLine>,
    /// What `convert` calls the variables of an object-based checkpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) variables: Vec<String>,
}

/// A tensor of a checkpoint.
#[derive(Debug, Serialize)]
pub(super) struct TensorLine {
    pub(super) name: String,
    pub(super) dtype: &'static str,
    pub(super) shape: Vec<u64>,
    /// How the payload is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stored: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32c: Option<u32>,
}

/// What `source` holds.
pub(super) fn describe(source: &Source) -> anyhow::Result<Description> {
    match source {
        Source::Device(device) => Ok(of_device(device)),
        Source::Bundle(reader) => of_bundle(source, reader),
        _ => of_list(source),
    }
}

/// A source of which only names, types and shapes are known.
fn of_list(source: &Source) -> anyhow::Result<Description> {
    let tensors = source.tensors()?.into_iter().map(|tensor| TensorLine {
        name: tensor.name.to_string(),
        dtype: tensor.dtype.name(),
        shape: tensor.shape,
        stored: None,
        offset: None,
        bytes: None,
        crc32c: None,
    });
    Ok(Description {
        kind: source.kind(),
        path: source.path().display().to_string(),
        bytes: None,
        global_step: source.global_step()?,
        time: None,
        model_id: None,
        metadata: None,
        tensors: tensors.collect(),
        variables: Vec::new(),
    })
}

fn of_device(checkpoint: &DeviceCheckpoint) -> Description {
    let info = checkpoint.info();
    let tensors = checkpoint.tensors().map(|tensor| TensorLine {
        name: tensor.name.to_owned(),
        dtype: tensor.dtype.name(),
        shape: tensor.shape.to_vec(),
        stored: Some(stored_as(tensor.encoding)),
        offset: Some(tensor.offset),
        bytes: Some(tensor.stored_len),
        crc32c: Some(tensor.crc32c),
    });
    let metadata = checkpoint.metadata();
    Description {
        kind: "device checkpoint",
        path: checkpoint.path().display().to_string(),
        bytes: Some(checkpoint.len() as u64),
        global_step: info.global_step,
        time: info.time,
        model_id: info.model_id,
        metadata: (!metadata.is_empty()).then(|| hex(metadata)),
        tensors: tensors.collect(),
        variables: Vec::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How a payload is stored; what lost precision says so.
fn stored_as(encoding: Encoding) -> String {
    let lossy = if encoding.is_lossless() {
        ""
    } else {
        " (lossy)"
    };
    format!("{encoding}{lossy}")
}

fn of_bundle(source: &Source, reader: &bundle::Reader) -> anyhow::Result<Description> {
    let mut tensors = Vec::new();
    for entry in reader.entries().context("cannot list the tensors")? {
        let (stored, location) = match entry.layout {
            Layout::Whole(location) => (format!("shard {}", location.shard), Some(location)),
            Layout::Sliced(slices) => (format!("{} slices", slices.len()), None),
        };
        tensors.push(TensorLine {
            name: entry.name.to_string(),
            dtype: entry.dtype.name(),
            shape: entry.shape,
            stored: Some(stored),
            offset: location.map(|location| location.offset),
            bytes: location.map(|location| location.size),
            crc32c: location.map(|location| location.crc32c),
        });
    }
    Ok(Description {
        kind: source.kind(),
        path: reader.prefix().display().to_string(),
        bytes: None,
        global_step: source.global_step()?,
        time: None,
        model_id: None,
        metadata: None,
        tensors,
        variables: flat_names(reader)?,
    })
}

/// Names of the variables by the object graph, if there is one that can be read.
fn flat_names(reader: &bundle::Reader) -> anyhow::Result<Vec<String>> {
    if !reader.contains(OBJECT_GRAPH_KEY)? {
        return Ok(Vec::new());
    }
    let flat = Source::Bundle(bundle::Reader::open(reader.prefix())?).with_flat_names();
    match flat {
        Ok(flat) => Ok(flat
            .tensors()?
            .into_iter()
            .map(|tensor| tensor.name.to_string())
            .collect()),
        Err(error) => {
            log::warn!("the object graph was left out: {error}");
            Ok(Vec::new())
        }
    }
}

impl std::fmt::Display for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.kind)?;
        if let Some(bytes) = self.bytes {
            write!(f, ", {bytes} bytes")?;
        }
        if let Some(step) = self.global_step {
            write!(f, ", global step {step}")?;
        }
        if let Some(model) = self.model_id {
            write!(f, ", model {model:08x}")?;
        }
        writeln!(f, ", {} tensors", self.tensors.len())?;
        if let Some(metadata) = &self.metadata {
            writeln!(f, "  metadata {metadata}")?;
        }
        let width = self
            .tensors
            .iter()
            .map(|line| line.name.len())
            .max()
            .unwrap_or(0);
        for line in &self.tensors {
            let shape = format!("{:?}", line.shape);
            write!(
                f,
                "  {:<width$}  {:<8} {shape:<14} {:<20}",
                line.name,
                line.dtype,
                line.stored.as_deref().unwrap_or_default()
            )?;
            if let (Some(offset), Some(bytes)) = (line.offset, line.bytes) {
                write!(f, " {bytes:>8} bytes at {offset:<8}")?;
            }
            if let Some(crc32c) = line.crc32c {
                write!(f, " crc32c {crc32c:08x}")?;
            }
            writeln!(f)?;
        }
        if !self.variables.is_empty() {
            writeln!(f, "  variables by the object graph:")?;
        }
        for name in &self.variables {
            writeln!(f, "    {name}")?;
        }
        Ok(())
    }
}
