//! The ring of a flash region, drawn and as data.

use std::fmt;
use std::ops::Range;

use gradlet::manager::{Geometry, KeptAt, State, Stored};
use gradlet_host::flash_image::FlashImage;
use serde::Serialize;

/// Characters that a block is drawn with.
const WIDTH: usize = 48;

/// What is shown of a region.
#[derive(Debug, Serialize)]
pub(super) struct Ring {
    kind: &'static str,
    path: String,
    region_start: usize,
    erase_size: u32,
    unit: u32,
    /// Whether a device could open the region.
    opens: bool,
    free_blocks: Option<u32>,
    blocks: Vec<BlockLine>,
    checkpoints: Vec<CheckpointLine>,
    /// Whole checkpoints that no header leads to.
    salvaged: Vec<SalvagedLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endurance: Option<Endurance>,
}

#[derive(Debug, Serialize)]
struct BlockLine {
    block: u32,
    /// `used`, `last` (where writing goes on), or `free`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erases: Option<u32>,
    /// A letter for each part of the block, as in the drawing.
    content: String,
}

#[derive(Debug, Serialize)]
struct CheckpointLine {
    save_counter: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_step: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    state: &'static str,
    kept: bool,
    copy: bool,
    bytes: u32,
    block: u32,
    /// From the start of the region.
    offset: u32,
}

#[derive(Debug, Serialize)]
struct SalvagedLine {
    global_step: Option<i64>,
    bytes: usize,
    /// From the start of the region.
    offset: u32,
}

#[derive(Debug, Serialize)]
struct Endurance {
    /// Bytes of the checkpoint that is reckoned with.
    bytes: u32,
    /// Erases that a block bears.
    cycles: u32,
    most_erases: u32,
    saves: u64,
    left: u64,
}

impl Ring {
    /// What the region in `image` holds; `cycles` is the number of erases that a block bears.
    pub(super) fn of(image: &FlashImage, cycles: u32) -> Self {
        let geometry = image.geometry();
        let last = image.last_block();
        let blocks = image.blocks().iter().map(|block| BlockLine {
            block: block.number,
            state: match block.is_used {
                _ if Some(block.number) == last => "last",
                true => "used",
                false => "free",
            },
            sequence: block.marker.map(|marker| marker.sequence),
            erases: block.marker.map(|marker| marker.erases),
            content: content(image, block.number, block.marker.is_some()),
        });
        let checkpoints = image.checkpoints();
        let newest = checkpoints
            .iter()
            .rfind(|stored| stored.state == State::Live);
        let endurance = newest.map(|newest| {
            let bytes = newest.header.length();
            let most_erases = image.most_erases();
            Endurance {
                bytes,
                cycles,
                most_erases,
                saves: geometry.endurance(bytes, cycles),
                left: geometry.endurance(bytes, cycles.saturating_sub(most_erases)),
            }
        });
        Self {
            kind: "flash region",
            path: image.path().display().to_string(),
            region_start: image.start(),
            erase_size: geometry.erase_size(),
            unit: geometry.unit(),
            opens: last.is_some(),
            free_blocks: image.free_blocks(),
            blocks: blocks.collect(),
            checkpoints: checkpoints
                .iter()
                .map(|stored| line(stored, &geometry))
                .collect(),
            salvaged: image
                .salvaged()
                .iter()
                .map(|found| SalvagedLine {
                    global_step: found.info.global_step,
                    bytes: found.bytes.len(),
                    offset: found.offset,
                })
                .collect(),
            endurance,
        }
    }

    /// The drawing, for a terminal with colours.
    pub(super) fn coloured(&self) -> impl fmt::Display + '_ {
        Drawing {
            ring: self,
            paint: |letter| match letter {
                '#' => Some("32"),
                'x' | '!' => Some("31"),
                '=' => Some("33"),
                _ => None,
            },
        }
    }

    /// The drawing without colours.
    pub(super) fn plain(&self) -> impl fmt::Display + '_ {
        Drawing {
            ring: self,
            paint: |_| None,
        }
    }
}

fn line(stored: &Stored, geometry: &Geometry) -> CheckpointLine {
    let header = &stored.header;
    CheckpointLine {
        save_counter: header.save_counter(),
        global_step: stored.info.global_step,
        time: stored.info.time.or(match header.kept_at() {
            KeptAt::Time(time) if header.is_kept() => Some(time),
            _ => None,
        }),
        state: match stored.state {
            State::Live => "live",
            State::GivenUp => "given up",
            State::Torn => "torn",
            State::Damaged => "damaged",
        },
        kept: header.is_kept(),
        copy: header.is_copy(),
        bytes: header.length(),
        block: stored.block,
        offset: geometry.address(stored.block, stored.offset),
    }
}

/// The parts of a block as letters, the most telling of each part.
fn content(image: &FlashImage, block: u32, is_marked: bool) -> String {
    let geometry = image.geometry();
    let size = geometry.erase_size() as usize;
    let start = geometry.block_start(block) as usize;
    let bytes = image.region().get(start..).unwrap_or_default();
    let bytes = bytes.get(..size).unwrap_or(bytes);
    let mut parts: Vec<(Range<usize>, char)> = Vec::new();
    for stored in image.checkpoints() {
        let letter = match stored.state {
            State::Live => '#',
            State::Damaged => '!',
            State::Torn => 'x',
            State::GivenUp => '=',
        };
        parts.extend(within(stored, &geometry, block).map(|part| (part, letter)));
    }
    let marker = size - geometry.block_data() as usize;
    let known =
        |at: usize| (is_marked && at < marker) || parts.iter().any(|(part, _)| part.contains(&at));
    let letter = |cell: usize| {
        let range = cell * size / WIDTH..((cell + 1) * size / WIDTH).max(cell * size / WIDTH + 1);
        let overlaps = |part: &Range<usize>| part.start < range.end && range.start < part.end;
        for wanted in ['#', '!', 'x', '='] {
            let mut found = parts.iter().filter(|(_, letter)| *letter == wanted);
            if found.any(|(part, _)| overlaps(part)) {
                return wanted;
            }
        }
        let mut cells = bytes.iter().enumerate().take(range.end).skip(range.start);
        match cells.any(|(at, &byte)| byte != 0xff && !known(at)) {
            true => '?',
            false => '.',
        }
    };
    let cells = (0..WIDTH).map(letter).collect::<String>();
    match bytes.is_empty() {
        true => " ".repeat(WIDTH),
        false => cells,
    }
}

/// The part of a checkpoint that lies in a block, from the block's start.
fn within(stored: &Stored, geometry: &Geometry, block: u32) -> Option<Range<usize>> {
    let blocks = geometry.blocks();
    let ahead = (block + blocks - stored.block) % blocks;
    if ahead >= stored.extent.blocks {
        return None;
    }
    let data = u64::from(geometry.block_data());
    let marker = u64::from(geometry.erase_size()) - data;
    let start = u64::from(stored.offset).max(data * u64::from(ahead));
    let end = u64::from(stored.offset) + u64::from(stored.extent.end);
    let end = end.min(data * u64::from(ahead + 1));
    let base = data * u64::from(ahead);
    Some((start - base + marker) as usize..(end - base + marker) as usize)
}

struct Drawing<'a> {
    ring: &'a Ring,
    /// The colour of a letter.
    paint: fn(char) -> Option<&'static str>,
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.ring;
        writeln!(
            f,
            "{}: flash region at byte {}, {} blocks of {} bytes, unit {}",
            ring.path,
            ring.region_start,
            ring.blocks.len(),
            ring.erase_size,
            ring.unit
        )?;
        match ring.free_blocks {
            Some(free) => writeln!(f, "{free} free; the ring is written downwards")?,
            None => writeln!(f, "a device could not open this region as it is")?,
        }
        writeln!(f, "\n block  sequence  erases")?;
        let mut skipped = 0;
        for (index, block) in ring.blocks.iter().enumerate() {
            let is_like = |other: Option<&BlockLine>| {
                other.is_some_and(|other| {
                    other.sequence.is_none()
                        && other.state == "free"
                        && other.content == block.content
                })
            };
            // Of a long run of blocks that say nothing only the first and the last are drawn.
            let before = index
                .checked_sub(1)
                .and_then(|index| ring.blocks.get(index));
            let is_inside = is_like(before) && is_like(Some(block));
            if is_inside && is_like(ring.blocks.get(index + 1)) {
                skipped += 1;
                continue;
            }
            if std::mem::take(&mut skipped) > 0 {
                writeln!(f, "   …")?;
            }
            self.block(f, block)?;
        }
        writeln!(
            f,
            "\n  # lives on   = given up, still whole   x torn   ! damaged   ? something else   . erased\n"
        )?;
        for line in &ring.checkpoints {
            self.checkpoint(f, line)?;
        }
        for found in &ring.salvaged {
            let step = found.global_step.unwrap_or(0);
            writeln!(
                f,
                "  ?           step {step:<10} salvaged  {:>8} bytes at {}: whole, but no header leads to it",
                found.bytes, found.offset
            )?;
        }
        if let Some(endurance) = &ring.endurance {
            writeln!(
                f,
                "\nendurance: about {} saves of {} bytes at {} erases a block, {} of them left \
                 ({} erases so far)",
                endurance.saves,
                endurance.bytes,
                endurance.cycles,
                endurance.left,
                endurance.most_erases
            )?;
        }
        Ok(())
    }
}

impl Drawing<'_> {
    fn block(&self, f: &mut fmt::Formatter<'_>, block: &BlockLine) -> fmt::Result {
        let known = |number: Option<u32>| number.map_or("-".to_owned(), |n| n.to_string());
        write!(
            f,
            "{:>6}  {:>8}  {:>6}  |",
            block.block,
            known(block.sequence),
            known(block.erases)
        )?;
        let mut colour = None;
        for letter in block.content.chars() {
            let wanted = (self.paint)(letter);
            if wanted != colour {
                write!(f, "\x1b[{}m", wanted.unwrap_or("0"))?;
                colour = wanted;
            }
            write!(f, "{letter}")?;
        }
        if colour.is_some() {
            write!(f, "\x1b[0m")?;
        }
        writeln!(f, "|  {}", block.state)
    }

    fn checkpoint(&self, f: &mut fmt::Formatter<'_>, line: &CheckpointLine) -> fmt::Result {
        write!(f, "  save {:<6}", line.save_counter)?;
        match line.global_step {
            Some(step) => write!(f, " step {step:<10}")?,
            None => write!(f, " step {:<10}", "?")?,
        }
        write!(
            f,
            " {:<8}  {:>8} bytes at {} (block {})",
            line.state, line.bytes, line.offset, line.block
        )?;
        if let Some(time) = line.time {
            write!(f, ", time {time}")?;
        }
        if line.kept {
            write!(f, ", kept")?;
        }
        if line.copy {
            write!(f, ", copied")?;
        }
        writeln!(f)
    }
}
