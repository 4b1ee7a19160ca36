//! What a user says of a flash region that a dump does not.

use anyhow::{Context, bail};
use clap::Args;
use gradlet::manager::Geometry;
use gradlet_host::flash_image::Place;

/// Where the region is in a dump of flash; found from its markers where it is not said.
#[derive(Debug, Default, Args)]
pub(super) struct RegionArguments {
    /// Of a dump: where the region starts in it, in bytes
    #[arg(long, value_name = "OFFSET", value_parser = number)]
    at: Option<usize>,
    /// Of a dump without a readable marker: bytes of an erase block
    #[arg(long, value_name = "BYTES", value_parser = number, requires = "blocks")]
    erase_size: Option<usize>,
    /// Of a dump without a readable marker: number of erase blocks
    #[arg(long, value_name = "N", value_parser = number, requires = "erase_size")]
    blocks: Option<usize>,
    /// Of a dump without a readable marker: alignment of reads and writes in bytes
    #[arg(long, value_name = "BYTES", value_parser = number, default_value = "4")]
    unit: usize,
}

/// A number, decimal or with 0x.
fn number(text: &str) -> Result<usize, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => usize::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

impl RegionArguments {
    pub(super) fn place(&self) -> anyhow::Result<Place> {
        let geometry = match (self.erase_size, self.blocks) {
            (Some(erase_size), Some(blocks)) => {
                let [unit, erase_size, blocks] = [self.unit, erase_size, blocks].map(u32::try_from);
                let (Ok(unit), Ok(erase_size), Ok(blocks)) = (unit, erase_size, blocks) else {
                    bail!("--erase-size, --blocks and --unit are below 4 GiB");
                };
                let geometry = Geometry::new(unit, erase_size, blocks);
                Some(geometry.context("no region has these sizes")?)
            }
            _ => None,
        };
        Ok(Place {
            start: self.at,
            geometry,
        })
    }
}
