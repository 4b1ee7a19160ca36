//! `gradlet extract`

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use gradlet::manager::{State, Stored};
use gradlet_host::device;
use gradlet_host::flash_image::FlashImage;
use serde::Serialize;

use super::print_json;
use super::region::RegionArguments;

/// Take every whole checkpoint out of a dump of flash, in the order of saving.
///
/// FLASH.bin is a copy of the region that the device's checkpoint manager keeps, or of more of the
/// flash around it. DIR gets ckpt-STEP.gck for each checkpoint, those too that the device has
/// given up and not yet overwritten. Each file appears whole or not at all.
#[derive(Debug, Args)]
pub(super) struct Extract {
    /// The dump
    #[arg(value_name = "FLASH.bin")]
    image: PathBuf,
    /// The folder to write to; it is made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only the checkpoints that the device would still find
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    region: RegionArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Extracted {
    path: String,
    region_start: usize,
    checkpoints: Vec<File>,
    /// Checkpoints that were not whole.
    left_out: usize,
}

#[derive(Debug, Serialize)]
struct File {
    file: String,
    save_counter: u32,
    global_step: Option<i64>,
    time: Option<i64>,
    bytes: u32,
    live: bool,
}

impl Extract {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let image = FlashImage::open(&self.image, self.region.place()?)?;
        let mut whole = image.whole();
        let torn = image
            .checkpoints()
            .iter()
            .filter(|stored| matches!(stored.state, State::Torn | State::Damaged));
        let left_out = torn.count();
        whole.retain(|stored| !self.live || stored.state == State::Live);
        if whole.is_empty() {
            bail!(
                "{}: the region at byte {} has no whole checkpoint ({left_out} that are torn or \
                 damaged)",
                self.image.display(),
                image.start()
            );
        }
        let mut names = BTreeSet::new();
        let mut files = Vec::new();
        for stored in &whole {
            let path = self.folder.join(name(stored, &mut names));
            device::write(&path, &image.read(stored))?;
            files.push(File {
                file: path.display().to_string(),
                save_counter: stored.header.save_counter,
                global_step: stored.info.global_step,
                time: stored.info.time,
                bytes: stored.header.length,
                live: stored.state == State::Live,
            });
        }
        let extracted = Extracted {
            path: self.image.display().to_string(),
            region_start: image.start(),
            checkpoints: files,
            left_out,
        };
        if self.json {
            return print_json(&extracted);
        }
        let mut out = io::stdout().lock();
        for file in &extracted.checkpoints {
            writeln!(out, "{}", file.file)?;
        }
        if left_out > 0 {
            writeln!(
                io::stderr(),
                "left out, torn or damaged: {left_out} (`gradlet inspect` shows them)"
            )?;
        }
        Ok(())
    }
}

/// A file name that no other checkpoint has.
fn name(stored: &Stored, names: &mut BTreeSet<String>) -> String {
    let counter = stored.header.save_counter;
    let mut name = match stored.info.global_step {
        Some(step) => format!("ckpt-{step}"),
        None => format!("save-{counter}"),
    };
    // The same step saved again, or after a region was formatted.
    if names.contains(&name) {
        name = format!("{name}.save-{counter}");
    }
    let base = name.clone();
    let mut copy = 2;
    while !names.insert(name.clone()) {
        name = format!("{base}.{copy}");
        copy += 1;
    }
    format!("{name}.gck")
}
