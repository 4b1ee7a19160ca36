//! `gradlet extract`

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use gradlet::checkpoint::Info;
use gradlet::manager::State;
use gradlet_host::device;
use gradlet_host::flash_image::FlashImage;
use serde::Serialize;

use super::print_json;
use super::region::RegionArguments;

/// Take every whole checkpoint out of a dump of flash, in the order of saving.
///
/// FLASH.bin is a copy of the region that the device's checkpoint manager keeps, or of more of the
/// flash around it. DIR gets ckpt-STEP.gck for each checkpoint, those too that the device has
/// given up and not yet overwritten. Whole checkpoints that no header leads to any more, as it is
/// damaged, become ckpt-STEP.salvaged.gck. Each file appears whole or not at all.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    save_counter: Option<u32>,
    global_step: Option<i64>,
    time: Option<i64>,
    bytes: usize,
    live: bool,
}

impl Extract {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let image = FlashImage::open(&self.image, self.region.place()?)?;
        let mut whole = image.whole();
        let torn = image.checkpoints().iter();
        let left_out = torn.filter(|stored| !stored.is_whole()).count();
        whole.retain(|stored| !self.live || stored.state == State::Live);
        let salvaged = match self.live {
            true => &[],
            false => image.salvaged(),
        };
        if whole.is_empty() && salvaged.is_empty() {
            bail!(
                "{}: the region at byte {} has no whole checkpoint ({left_out} that are torn or \
                 damaged)",
                self.image.display(),
                image.start()
            );
        }
        let mut names = BTreeSet::new();
        let mut files = Vec::new();
        for stored in whole {
            let counter = stored.header.save_counter();
            let name = match stored.info.global_step {
                Some(step) => format!("ckpt-{step}"),
                None => format!("save-{counter}"),
            };
            // The same step may have been saved again, or after a region was formatted.
            let name = unique(&mut names, &name, &format!("save-{counter}"));
            files.push(self.write(&name, &image.read(stored), &stored.info)?);
            if let Some(file) = files.last_mut() {
                file.save_counter = Some(counter);
                file.live = stored.state == State::Live;
            }
        }
        for found in salvaged {
            let step = found.info.global_step.unwrap_or(0);
            let name = unique(&mut names, &format!("ckpt-{step}.salvaged"), "more");
            files.push(self.write(&name, &found.bytes, &found.info)?);
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

impl Extract {
    /// Writes one checkpoint.
    fn write(&self, name: &str, bytes: &[u8], info: &Info) -> anyhow::Result<File> {
        let path = self.folder.join(format!("{name}.gck"));
        device::write(&path, bytes)?;
        Ok(File {
            file: path.display().to_string(),
            save_counter: None,
            global_step: info.global_step,
            time: info.time,
            bytes: bytes.len(),
            live: false,
        })
    }
}

/// A name that no other checkpoint has: `name`, or with `suffix`, or numbered.
fn unique(names: &mut BTreeSet<String>, name: &str, suffix: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}.{suffix}.{number}"));
    let candidates = [name.to_owned(), format!("{name}.{suffix}")];
    let mut free = candidates
        .into_iter()
        .chain(numbered)
        .filter(|candidate| !names.contains(candidate));
    let name = free.next().unwrap_or_default();
    names.insert(name.clone());
    name
}
