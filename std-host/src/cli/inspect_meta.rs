//! What `inspect` says of a MetaGraph.

use std::fmt;
use std::path::Path;

use gradlet_host::meta_graph::MetaGraph;
use serde::Serialize;

/// A MetaGraph's variables and collections.
#[derive(Debug, Serialize)]
pub(super) struct MetaDescription {
    kind: &'static str,
    path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    tensorflow: String,
    collections: Vec<CollectionLine>,
    variables: Vec<VariableLine>,
}

#[derive(Debug, Serialize)]
struct CollectionLine {
    name: String,
    kind: &'static str,
    members: usize,
}

#[derive(Debug, Serialize)]
struct VariableLine {
    name: String,
    dtype: &'static str,
    shape: Vec<u64>,
    collections: Vec<&'static str>,
}

/// Reads the MetaGraph at `path`.
pub(super) fn describe(path: &Path) -> anyhow::Result<MetaDescription> {
    let meta = MetaGraph::read(path)?;
    let variables = meta.variables()?.into_iter().map(|variable| VariableLine {
        name: variable.op_name,
        dtype: variable.variable.dtype.name(),
        shape: variable.variable.shape,
        collections: variable
            .collections
            .iter()
            .map(|collection| collection.name())
            .collect(),
    });
    let collections = meta.collections().into_iter().map(|one| CollectionLine {
        name: one.name,
        kind: one.kind,
        members: one.members,
    });
    Ok(MetaDescription {
        kind: "MetaGraph",
        path: path.display().to_string(),
        tensorflow: meta.tensorflow_version().to_owned(),
        collections: collections.collect(),
        variables: variables.collect(),
    })
}

impl fmt::Display for MetaDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.kind)?;
        if !self.tensorflow.is_empty() {
            write!(f, " of TensorFlow {}", self.tensorflow)?;
        }
        writeln!(f, ", {} variables", self.variables.len())?;
        for line in &self.collections {
            writeln!(
                f,
                "  collection {}: {} members ({})",
                line.name, line.members, line.kind
            )?;
        }
        let width = self.variables.iter().map(|line| line.name.len()).max();
        let width = width.unwrap_or(0);
        for line in &self.variables {
            let shape = format!("{:?}", line.shape);
            let collections = line.collections.join(", ");
            writeln!(
                f,
                "  {:<width$}  {:<8} {shape:<14} {collections}",
                line.name, line.dtype
            )?;
        }
        Ok(())
    }
}
