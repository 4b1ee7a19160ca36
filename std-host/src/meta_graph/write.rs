//! Writing a MetaGraph.

use std::path::Path;

use prost::Message as _;

use super::schema::META_GRAPH_DEF;
use super::{MetaGraph, MetaGraphError};
use crate::staged::Durability;
use crate::state::replace_file;
use crate::text_format;

impl MetaGraph {
    /// The encoded message.
    pub fn encode(&self) -> Vec<u8> {
        self.def.encode_to_vec()
    }

    /// The message as text (`export_meta_graph(as_text=True)`).
    ///
    /// # Errors
    /// A part that was carried along is damaged.
    pub fn to_text(&self) -> Result<String, MetaGraphError> {
        Ok(text_format::print(&META_GRAPH_DEF, &self.encode())?)
    }

    /// Writes a `.meta` file, which appears whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        durability: Durability,
    ) -> Result<(), MetaGraphError> {
        Ok(replace_file(path.as_ref(), &self.encode(), durability)?)
    }

    /// Writes the message as text; the file appears whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written, or a part that was carried along is damaged.
    pub fn write_text(
        &self,
        path: impl AsRef<Path>,
        durability: Durability,
    ) -> Result<(), MetaGraphError> {
        let text = self.to_text()?;
        Ok(replace_file(path.as_ref(), text.as_bytes(), durability)?)
    }
}
