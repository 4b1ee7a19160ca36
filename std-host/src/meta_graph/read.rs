//! Reading a MetaGraph.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;

use super::schema::META_GRAPH_DEF;
use super::{Collection, GraphVariable, MetaGraph, VariableKind};
use crate::dtype::DType;
use crate::error::{Error, Status};
use crate::name::Name;
use crate::proto::meta_graph::attr::Value;
use crate::proto::meta_graph::collection::Kind;
use crate::proto::meta_graph::{MetaGraphDef, NodeDef, SaveSliceInfoDef, VariableDef};
use crate::proto::saver::SaverDef;
use crate::slice::{Extent, Slice};
use crate::text_format::{self, TextError};
use crate::variables::{Part, Variable};

/// Why a MetaGraph could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetaGraphError {
    /// The file is no MetaGraph, neither encoded nor as text.
    #[error(
        "{} is no MetaGraph: as an encoded message, {encoded}; as text, {text}", path.display()
    )]
    NotAMetaGraph {
        /// The file.
        path: PathBuf,
        /// Why it is no encoded message.
        encoded: String,
        /// Why it is no text.
        text: TextError,
    },
    /// A variable of a collection cannot be understood.
    #[error("the MetaGraph's collection `{collection}` is damaged: {reason}")]
    DamagedVariable {
        /// Name of the collection.
        collection: String,
        /// What is wrong.
        reason: String,
    },
    /// The MetaGraph has a part that cannot be printed as text.
    #[error("this MetaGraph cannot be written as text: {0}; write it encoded")]
    NoText(#[from] TextError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] Error),
}

impl MetaGraphError {
    /// TensorFlow's class for this error.
    pub fn status(&self) -> Status {
        match self {
            MetaGraphError::File(error) => error.status(),
            MetaGraphError::NoText(_) => Status::InvalidArgument,
            _ => Status::DataLoss,
        }
    }
}

/// A collection and how much is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionSummary {
    /// Its name.
    pub name: String,
    /// What its members are: `node_list`, `bytes_list`, `int64_list`, `float_list`, `any_list`.
    pub kind: &'static str,
    /// Number of members.
    pub members: usize,
}

impl MetaGraph {
    /// Reads a `.meta` file, encoded or as text.
    ///
    /// # Errors
    /// The file cannot be read or is no MetaGraph.
    pub fn read(path: impl AsRef<Path>) -> Result<MetaGraph, MetaGraphError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        let encoded = match MetaGraph::decode(&bytes) {
            Ok(meta) => return Ok(meta),
            Err(reason) => reason,
        };
        let text = String::from_utf8_lossy(&bytes);
        MetaGraph::from_text(&text).map_err(|text| MetaGraphError::NotAMetaGraph {
            path: path.to_path_buf(),
            encoded,
            text,
        })
    }

    /// Decodes the message; the reason if it is none.
    pub fn decode(encoded: &[u8]) -> Result<MetaGraph, String> {
        let def = MetaGraphDef::decode(encoded).map_err(|error| error.to_string())?;
        Ok(MetaGraph { def })
    }

    /// Reads the text of the message.
    ///
    /// # Errors
    /// Where the text departs from the form.
    pub fn from_text(text: &str) -> Result<MetaGraph, TextError> {
        let encoded = text_format::parse(&META_GRAPH_DEF, text)?;
        MetaGraph::decode(&encoded).map_err(|_| TextError::BadWire {
            offset: 0,
            message: META_GRAPH_DEF.name,
            reason: "the message cannot be decoded",
        })
    }

    /// How its saver was built.
    pub fn saver_def(&self) -> Option<&SaverDef> {
        self.def.saver_def.as_ref()
    }

    /// Version of the TensorFlow that made it; empty if it does not say.
    pub fn tensorflow_version(&self) -> &str {
        self.def
            .meta_info_def
            .as_ref()
            .map_or("", |info| &info.tensorflow_version)
    }

    /// Its collections, in the order of their names.
    pub fn collections(&self) -> Vec<CollectionSummary> {
        let summary = |(name, collection): (&String, &_)| {
            let (kind, members) = members(collection);
            CollectionSummary {
                name: name.clone(),
                kind,
                members,
            }
        };
        self.def.collection_def.iter().map(summary).collect()
    }

    /// The variables in its collections, each once.
    ///
    /// Type and shape come from the graph; a variable without a node there has type float32 and
    /// shape `[]`.
    ///
    /// # Errors
    /// A member of a collection of variables is no variable.
    pub fn variables(&self) -> Result<Vec<GraphVariable>, MetaGraphError> {
        let nodes: HashMap<&str, &NodeDef> = self
            .nodes()
            .iter()
            .map(|node| (node.name.as_str(), node))
            .collect();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut found: Vec<GraphVariable> = Vec::new();
        for collection in Collection::ALL {
            let Some(Kind::BytesList(list)) = self
                .def
                .collection_def
                .get(collection.name())
                .and_then(|c| c.kind.as_ref())
            else {
                continue;
            };
            for encoded in &list.value {
                let def = VariableDef::decode(encoded.as_slice()).map_err(|error| {
                    let collection = collection.name().to_owned();
                    MetaGraphError::DamagedVariable {
                        collection,
                        reason: error.to_string(),
                    }
                })?;
                let place = *places.entry(def.variable_name.clone()).or_insert_with(|| {
                    found.push(variable_of(&def, &nodes));
                    found.len() - 1
                });
                if let Some(variable) = found.get_mut(place) {
                    variable.collections.push(collection);
                }
            }
        }
        Ok(found)
    }

    pub(super) fn nodes(&self) -> &[NodeDef] {
        self.def.graph_def.as_ref().map_or(&[], |graph| &graph.node)
    }
}

fn members(collection: &crate::proto::meta_graph::CollectionDef) -> (&'static str, usize) {
    match &collection.kind {
        Some(Kind::NodeList(list)) => ("node_list", list.value.len()),
        Some(Kind::BytesList(list)) => ("bytes_list", list.value.len()),
        Some(Kind::Int64List(list)) => ("int64_list", list.value.len()),
        Some(Kind::FloatList(list)) => ("float_list", list.value.len()),
        Some(Kind::AnyList(list)) => ("any_list", list.value.len()),
        None => ("empty", 0),
    }
}

fn variable_of(def: &VariableDef, nodes: &HashMap<&str, &NodeDef>) -> GraphVariable {
    let op_name = def
        .variable_name
        .strip_suffix(":0")
        .unwrap_or(&def.variable_name);
    let attr = |name: &str| nodes.get(op_name)?.attr.get(name)?.value.as_ref();
    let dtype = match attr("dtype") {
        Some(Value::Type(number)) => DType::from_number(*number),
        _ => None,
    };
    let shape = match attr("shape") {
        Some(Value::Shape(shape)) => shape
            .dim
            .iter()
            .map(|dim| u64::try_from(dim.size).unwrap_or(0))
            .collect(),
        _ => Vec::new(),
    };
    let info = def.save_slice_info_def.as_ref();
    let name = info.map_or(op_name, |info| info.full_name.as_str());
    let mut variable = Variable::new(name, dtype.unwrap_or(DType::Float32), &shape);
    variable.part = info.map(part_of);
    variable.device = nodes
        .get(op_name)
        .map_or_else(String::new, |node| node.device.clone());
    GraphVariable {
        op_name: Name::from(op_name).to_string(),
        variable,
        kind: if def.is_resource {
            VariableKind::Resource
        } else {
            VariableKind::Reference
        },
        collections: Vec::new(),
    }
}

fn part_of(info: &SaveSliceInfoDef) -> Part {
    let unsigned = |dim: &i64| u64::try_from(*dim).unwrap_or(0);
    let extents: Vec<Extent> = info
        .var_offset
        .iter()
        .zip(&info.var_shape)
        .map(|(start, length)| Extent::Range {
            start: unsigned(start),
            length: unsigned(length),
        })
        .collect();
    Part {
        full_shape: info.full_shape.iter().map(unsigned).collect(),
        slice: Slice::new(extents),
    }
}
