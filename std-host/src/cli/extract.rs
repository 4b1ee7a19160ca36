//! `gradlet extract`

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use gradlet::checkpoint::Info;
use gradlet::manager::State;
use gradlet_host::device;
use gradlet_host::flash_image::{Dump, FlashImage};
use gradlet_host::slot_image::SlotImage;
use serde::Serialize;

use super::print_json;
use super::region::RegionArguments;

/// Take every whole checkpoint out of a dump of flash, in the order of saving.
///
/// FLASH.bin is a copy of the region that the device's checkpoint manager or small manager keeps, or of
/// more of the flash around it. DIR gets ckpt-STEP.gck for each checkpoint, those too that the device has
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
    /// Only the checkpoint of this number: its save counter, which `inspect` shows
    #[arg(long, value_name = "N")]
    save: Option<u32>,
    #[command(flatten)]
    region: RegionArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Extracted {
    path: String,
    /// Of a ring; slots are found wherever they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    region_start: Option<usize>,
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

/// What a dump holds.
struct Found {
    /// Where its region is.
    place: String,
    region_start: Option<usize>,
    /// The whole checkpoints in the order of saving.
    whole: Vec<Whole>,
    left_out: usize,
}

struct Whole {
    /// `None` if no header leads to it.
    save_counter: Option<u32>,
    info: Info,
    live: bool,
    bytes: Vec<u8>,
}

impl Found {
    fn in_ring(image: &FlashImage) -> Self {
        let recorded = image.whole().into_iter().map(|stored| Whole {
            save_counter: Some(stored.header.save_counter()),
            info: stored.info,
            live: stored.state == State::Live,
            bytes: image.read(stored),
        });
        let salvaged = image.salvaged().iter().map(|found| Whole {
            save_counter: None,
            info: found.info,
            live: false,
            bytes: found.bytes.clone(),
        });
        let torn = image.checkpoints().iter();
        Self {
            place: format!("the region at byte {}", image.start()),
            region_start: Some(image.start()),
            whole: recorded.chain(salvaged).collect(),
            left_out: torn.filter(|stored| !stored.is_whole()).count(),
        }
    }

    fn in_slots(image: &SlotImage) -> Self {
        let mut whole: Vec<Whole> = image
            .whole()
            .map(|found| Whole {
                save_counter: Some(found.saved.save_counter),
                info: found.saved.info,
                // The device falls back to each of them.
                live: true,
                bytes: image.read(found).to_vec(),
            })
            .collect();
        whole.reverse();
        Self {
            place: "the small manager's region".to_owned(),
            region_start: None,
            left_out: image.checkpoints().len() - whole.len(),
            whole,
        }
    }
}

impl Extract {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut found = match Dump::open(&self.image, self.region.place()?)? {
            Dump::Ring(image) => Found::in_ring(&image),
            Dump::Slots(image) => Found::in_slots(&image),
        };
        let left_out = found.left_out;
        found.whole.retain(|whole| {
            let is_wanted = self.save.is_none() || whole.save_counter == self.save;
            is_wanted && (whole.live || !self.live)
        });
        if found.whole.is_empty() {
            let which = self
                .save
                .map_or(String::new(), |save| format!(" of save {save}"));
            bail!(
                "{}: {} has no whole checkpoint{which} ({left_out} that are torn or damaged)",
                self.image.display(),
                found.place
            );
        }
        let mut names = BTreeSet::new();
        let mut files = Vec::new();
        for whole in &found.whole {
            let name = match (whole.save_counter, whole.info.global_step) {
                // The same step may have been saved again, or after a region was formatted.
                (Some(counter), Some(step)) => unique(
                    &mut names,
                    &format!("ckpt-{step}"),
                    &format!("save-{counter}"),
                ),
                (Some(counter), None) => unique(
                    &mut names,
                    &format!("save-{counter}"),
                    &format!("save-{counter}"),
                ),
                (None, step) => {
                    let step = step.unwrap_or(0);
                    unique(&mut names, &format!("ckpt-{step}.salvaged"), "more")
                }
            };
            files.push(self.write(&name, whole)?);
        }
        let extracted = Extracted {
            path: self.image.display().to_string(),
            region_start: found.region_start,
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
    fn write(&self, name: &str, whole: &Whole) -> anyhow::Result<File> {
        let path = self.folder.join(format!("{name}.gck"));
        device::write(&path, &whole.bytes)?;
        Ok(File {
            file: path.display().to_string(),
            save_counter: whole.save_counter,
            global_step: whole.info.global_step,
            time: whole.info.time,
            bytes: whole.bytes.len(),
            live: whole.live,
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
