//! `gradlet inspect`

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use gradlet_host::convert::Source;
use gradlet_host::flash_image::{Dump, Place, is_flash_image};
use serde::Serialize;

use super::describe::describe;
use super::region::RegionArguments;
use super::ring::Ring;
use super::slots::Listing;
use super::{inspect_folder, inspect_meta, inspect_records, print_json};

/// Show what a file holds: names, types, shapes, checksums of a checkpoint; the ring of a dump of
/// flash; variables and collections of a .meta file; features of examples and tags of events in
/// record files; the managed checkpoints of a folder.
///
/// A device checkpoint is verified on the way; a bundle's data are not read (see `verify`).
/// A dump of the flash in which a device keeps its checkpoints is drawn block by block; the slots of
/// a small manager are listed.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Anything that `convert` reads, a .meta file, a record or tfevents file, a managed folder
    path: PathBuf,
    #[command(flatten)]
    region: RegionArguments,
    /// Of a dump: how many erases a block bears, from the flash's data sheet
    #[arg(long, value_name = "N", default_value = "10000")]
    cycles: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let place = self.region.place()?;
        if place != Place::default() || is_flash_image(&self.path) {
            let ring = match Dump::open(&self.path, place)? {
                Dump::Ring(image) => Ring::of(&image, self.cycles),
                Dump::Slots(image) => return self.show(&Listing::of(&image)),
            };
            if self.json {
                return print_json(&ring);
            }
            let mut out = io::stdout().lock();
            let coloured = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
            if coloured {
                write!(out, "{}", ring.coloured())?;
            } else {
                write!(out, "{}", ring.plain())?;
            }
            return Ok(());
        }
        let path = &self.path;
        if is_meta_graph(path) {
            return self.show(&inspect_meta::describe(path)?);
        }
        if path.is_file() && inspect_records::is_records(path) {
            return self.show(&inspect_records::describe(path)?);
        }
        if path.is_dir()
            && let Some(folder) = inspect_folder::describe(path)?
        {
            return self.show(&folder);
        }
        self.show(&describe(&Source::open(path)?)?)
    }

    fn show(&self, description: &(impl Serialize + Display)) -> anyhow::Result<()> {
        if self.json {
            return print_json(description);
        }
        write!(io::stdout(), "{description}")?;
        Ok(())
    }
}

/// Whether this is a MetaGraph, by the ending that TensorFlow gives to it.
pub(super) fn is_meta_graph(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|ending| ending == "meta")
}
