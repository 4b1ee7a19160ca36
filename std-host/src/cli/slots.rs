//! The checkpoints of a small manager, as a list.

use std::fmt;

use gradlet::manager::Recorded;
use gradlet_host::slot_image::SlotImage;
use serde::Serialize;

/// What is shown of a dump with slots in it.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    kind: &'static str,
    path: String,
    /// Newest first.
    checkpoints: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    save_counter: u32,
    global_step: i64,
    model_id: u32,
    /// `whole` or `damaged`.
    state: &'static str,
    bytes: u32,
    /// Where the checkpoint starts, from the start of the dump.
    offset: usize,
}

impl Listing {
    pub(super) fn of(image: &SlotImage) -> Self {
        Self {
            kind: "flash slots",
            path: image.path().display().to_string(),
            checkpoints: image.checkpoints().iter().map(line).collect(),
        }
    }
}

fn line(found: &Recorded) -> Line {
    let info = &found.saved.info;
    Line {
        save_counter: found.saved.save_counter,
        global_step: info.global_step.unwrap_or(0),
        model_id: info.model_id.unwrap_or(0),
        state: if found.is_whole { "whole" } else { "damaged" },
        bytes: found.saved.length,
        offset: found.start,
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.checkpoints.len();
        writeln!(
            f,
            "{}: slots of the small manager, checkpoints: {count}",
            self.path
        )?;
        for line in &self.checkpoints {
            writeln!(
                f,
                "  save {:<6} step {:<10} {:<8}  {:>8} bytes at {}, model {:#010x}",
                line.save_counter,
                line.global_step,
                line.state,
                line.bytes,
                line.offset,
                line.model_id
            )?;
        }
        Ok(())
    }
}
