//! `gradlet meta`

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use gradlet_host::convert::Source;
use gradlet_host::meta_graph::{MetaGraph, saver_def, variables_in_collections};
use gradlet_host::{Durability, Variable};

use super::inspect::is_meta_graph;

/// How many checkpoints a saver keeps that does not say otherwise, and for how many hours.
const MAX_TO_KEEP: i32 = 5;
const EVERY_N_HOURS: f32 = 10_000.0;

/// Write a MetaGraph (.meta), which tf.compat.v1.train.import_meta_graph turns into a graph.
///
/// IN is a .meta file, to be edited, or a checkpoint, whose variables the new graph gets: it saves
/// and restores them, and sorts them into collections by their names.
#[derive(Debug, Args)]
pub(super) struct Meta {
    /// A .meta file or anything that `convert` reads
    input: PathBuf,
    /// The file to write
    output: PathBuf,
    /// Write text
    #[arg(long)]
    as_text: bool,
    /// Leave out on which devices nodes run
    #[arg(long)]
    clear_devices: bool,
    /// Take only what is in this scope, and its name off
    #[arg(long, value_name = "SCOPE")]
    export_scope: Option<String>,
    /// Do not force the file to the disk
    #[arg(long)]
    no_sync: bool,
}

impl Meta {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut meta = match is_meta_graph(&self.input) {
            true => MetaGraph::read(&self.input)?,
            false => of_checkpoint(Source::open(&self.input)?)
                .with_context(|| format!("no graph for {}", self.input.display()))?,
        };
        if self.clear_devices {
            meta = meta.without_devices();
        }
        if let Some(scope) = &self.export_scope {
            meta = meta.within_scope(scope);
            ensure!(
                !meta.variables()?.is_empty(),
                "no variable is in the scope \"{scope}\""
            );
        }
        let durability = if self.no_sync {
            Durability::Unsynced
        } else {
            Durability::Synced
        };
        match self.as_text {
            true => meta.write_text(&self.output, durability)?,
            false => meta.write(&self.output, durability)?,
        }
        writeln!(io::stdout(), "{}", self.output.display())?;
        Ok(())
    }
}

fn of_checkpoint(source: Source) -> anyhow::Result<MetaGraph> {
    let source = source.with_flat_names()?;
    let tensors = source.tensors()?.into_iter();
    let variables: Vec<Variable> = tensors
        .map(|tensor| Variable::new(tensor.name, tensor.dtype, &tensor.shape))
        .collect();
    let variables = variables_in_collections(&variables);
    Ok(MetaGraph::build(
        &variables,
        &saver_def(MAX_TO_KEEP, EVERY_N_HOURS),
    ))
}
