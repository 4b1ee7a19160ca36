//! `gradlet inspect`

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use gradlet_host::convert::Source;
use gradlet_host::flash_image::{FlashImage, Place, is_flash_image};

use super::describe::describe;
use super::print_json;
use super::region::RegionArguments;
use super::ring::Ring;

/// Show what a checkpoint holds: names, types, shapes, checksums. Of a dump of flash, the ring.
///
/// A device checkpoint is verified on the way; a bundle's data are not read (see `verify`).
/// A dump of the flash in which a device keeps its checkpoints is drawn block by block.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Anything that `convert` reads: a device checkpoint, the prefix of a bundle, a folder, …
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
            let ring = Ring::of(&FlashImage::open(&self.path, place)?, self.cycles);
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
        let description = describe(&Source::open(&self.path)?)?;
        if self.json {
            return print_json(&description);
        }
        write!(io::stdout(), "{description}")?;
        Ok(())
    }
}
