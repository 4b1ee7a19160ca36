//! Dumps of a device's flash: the region that the checkpoint manager keeps, read on the host.
//!
//! The layout is the device crate's own ([`gradlet::manager`]). Where the region starts in the
//! dump and what its sizes are is found from the markers in it. [`Dump`] takes a dump of the small
//! manager's region too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gradlet::checkpoint::{Checkpoint, Info};
use gradlet::manager::{
    Block, Geometry, Image, Sighting, State, Stored, VERSION, recorded, sightings,
};

use crate::device::{self, DeviceCheckpoint};
use crate::error::{Error, Result};
use crate::slot_image::SlotImage;

/// Where a region is in a dump, as far as the user says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Where the region starts in the dump, in bytes.
    pub start: Option<usize>,
    /// The region's sizes.
    pub geometry: Option<Geometry>,
}

/// A region of flash in a dump.
#[derive(Debug)]
pub struct FlashImage {
    path: PathBuf,
    bytes: Vec<u8>,
    start: usize,
    geometry: Geometry,
    checkpoints: Vec<Stored>,
    salvaged: Vec<Salvaged>,
    blocks: Vec<Block>,
    free_blocks: Option<u32>,
    last_block: Option<u32>,
}

/// A whole checkpoint in a region that no marker or header leads to any more, as they are damaged.
#[derive(Debug)]
pub struct Salvaged {
    /// Where it starts, in bytes from the start of the region.
    pub offset: u32,
    /// What it says of itself.
    pub info: Info,
    /// The checkpoint.
    pub bytes: Vec<u8>,
}

/// A dump of flash, by the manager whose region is in it.
#[derive(Debug)]
pub enum Dump {
    /// The ring of the checkpoint manager.
    Ring(FlashImage),
    /// The slots of the small manager.
    Slots(SlotImage),
}

impl Dump {
    /// Reads the dump at `path`: as slots, if no place is said and there is no sign of a ring.
    ///
    /// # Errors
    /// Those of [`FlashImage::open`].
    pub fn open(path: impl AsRef<Path>, place: Place) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        let is_ring = place != Place::default() || sightings(&bytes).next().is_some();
        if !is_ring && recorded(&bytes).next().is_some() {
            return Ok(Self::Slots(SlotImage::of(path, bytes)));
        }
        FlashImage::of(path, bytes, place).map(Self::Ring)
    }

    /// The newest whole checkpoint.
    ///
    /// # Errors
    /// [`Error::NoRegion`] if no checkpoint is whole.
    pub fn newest(&self) -> Result<DeviceCheckpoint> {
        match self {
            Self::Ring(image) => image.newest(),
            Self::Slots(image) => image.newest(),
        }
    }

    /// The newest whole checkpoint of a global step.
    ///
    /// # Errors
    /// [`Error::NoRegion`] with the steps that there are, if there is none of this one.
    pub fn at_step(&self, step: i64) -> Result<DeviceCheckpoint> {
        match self {
            Self::Ring(image) => image.at_step(step),
            Self::Slots(image) => image.at_step(step),
        }
    }
}

/// Whether the file at `path` is a dump with a region in it, and nothing else by its first bytes.
pub fn is_flash_image(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| {
        let is_other = bytes.starts_with(&device::MAGIC) || bytes.starts_with(b"PK");
        let has_region = || sightings(&bytes).next().is_some() || recorded(&bytes).next().is_some();
        !is_other && has_region()
    })
}

impl FlashImage {
    /// Reads the dump at `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::NoRegion`] if no region is found where
    /// `place` says, or several that it does not choose between.
    pub fn open(path: impl AsRef<Path>, place: Place) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        Self::of(path, bytes, place)
    }

    fn of(path: &Path, bytes: Vec<u8>, place: Place) -> Result<Self> {
        let (start, geometry) = locate(&bytes, place).map_err(|reason| Error::NoRegion {
            path: path.to_path_buf(),
            reason,
        })?;
        let mut image = Image::new(bytes.get(start..).unwrap_or_default(), geometry);
        let mut checkpoints: Vec<Stored> = image.checkpoints().collect();
        // A copy that was not given up with its original says the same twice.
        checkpoints.sort_by_key(|stored| {
            let place = (stored.sequence, stored.offset);
            (stored.header.save_counter(), place)
        });
        let blocks = (0..geometry.blocks()).map(|block| image.block(block));
        let blocks = blocks.collect();
        let (free_blocks, last_block) = (image.free_blocks(), image.last_block());
        let mut image = Self {
            path: path.to_path_buf(),
            start,
            geometry,
            checkpoints,
            salvaged: Vec::new(),
            blocks,
            free_blocks,
            last_block,
            bytes,
        };
        image.salvaged = image.salvage();
        Ok(image)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the region starts in the file.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The region's sizes.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The bytes of the region, as many of them as the file has.
    pub fn region(&self) -> &[u8] {
        let region = self.bytes.get(self.start..).unwrap_or_default();
        let len = self.geometry.erase_size() as usize * self.geometry.blocks() as usize;
        region.get(..len).unwrap_or(region)
    }

    /// Every block, in the order of their places.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// How many blocks are free; `None` if a device could not open the region.
    pub fn free_blocks(&self) -> Option<u32> {
        self.free_blocks
    }

    /// The block that was written last; `None` if a device could not open the region.
    pub fn last_block(&self) -> Option<u32> {
        self.last_block
    }

    /// The largest erase count that a block tells of.
    pub fn most_erases(&self) -> u32 {
        let markers = self.blocks.iter().filter_map(|block| block.marker);
        markers.map(|marker| marker.erases).max().unwrap_or(0)
    }

    /// Everything that begins as a checkpoint does, in the order of saving.
    pub fn checkpoints(&self) -> &[Stored] {
        &self.checkpoints
    }

    /// The whole checkpoints in the order of saving, each once.
    pub fn whole(&self) -> Vec<&Stored> {
        let mut whole: Vec<&Stored> = Vec::new();
        for stored in &self.checkpoints {
            if !stored.is_whole() {
                continue;
            }
            // Copies of one checkpoint follow one another; the one that lives on is preferred.
            match whole.last_mut() {
                Some(last) if self.is_same(last, stored) => {
                    if stored.state == State::Live {
                        *last = stored;
                    }
                }
                _ => whole.push(stored),
            }
        }
        whole
    }

    /// The whole checkpoints that no header leads to, by their steps.
    pub fn salvaged(&self) -> &[Salvaged] {
        &self.salvaged
    }

    /// Looks for checkpoints by their own first bytes.
    fn salvage(&self) -> Vec<Salvaged> {
        let geometry = &self.geometry;
        let block_data = geometry.block_data() as usize;
        let marker = geometry.erase_size() as usize - block_data;
        // The data of the blocks without their markers, twice, as the ring closes.
        let blocks = self.region().chunks(geometry.erase_size() as usize);
        let data = blocks.flat_map(|block| block.get(marker..).unwrap_or_default());
        let mut data: Vec<u8> = data.copied().collect();
        let once = data.len();
        data.extend_from_within(..);
        let known = self.checkpoints.iter().filter(|stored| stored.is_whole());
        let mut known: Vec<Vec<u8>> = known.map(|stored| self.read(stored)).collect();
        let mut found: Vec<Salvaged> = Vec::new();
        // Behind the last one that is whole: what begins within it is a value of its own.
        let mut next = 0;
        for at in 0..once {
            let rest = &data[at..];
            if at < next || !rest.starts_with(&device::MAGIC) {
                continue;
            }
            let Ok(checkpoint) = Checkpoint::parse(rest) else {
                continue;
            };
            let bytes = &rest[..checkpoint.len()];
            next = at + bytes.len();
            if known.iter().any(|known| known == bytes) {
                continue;
            }
            known.push(bytes.to_vec());
            let (block, within) = (at / block_data, at % block_data);
            found.push(Salvaged {
                offset: geometry.address(block as u32, within as u32),
                info: checkpoint.info(),
                bytes: bytes.to_vec(),
            });
        }
        found.sort_by_key(|salvaged| (salvaged.info.global_step, salvaged.offset));
        found
    }

    /// The bytes of a checkpoint.
    pub fn read(&self, stored: &Stored) -> Vec<u8> {
        let region = self.region();
        let image = Image::new(region, self.geometry);
        let pieces = image.pieces(stored);
        let pieces = pieces.filter_map(|piece| region.get(piece));
        pieces.flatten().copied().collect()
    }

    /// The newest whole checkpoint that the device would find, or if there is none, the newest;
    /// of those that no header leads to, the one of the last step.
    ///
    /// # Errors
    /// [`Error::NoRegion`] if no checkpoint is whole.
    pub fn newest(&self) -> Result<DeviceCheckpoint> {
        let whole = self.whole();
        let live = whole.iter().rfind(|stored| stored.state == State::Live);
        match (live.or(whole.last()), self.salvaged.last()) {
            (Some(newest), _) => self.device(self.read(newest)),
            (None, Some(salvaged)) => self.device(salvaged.bytes.clone()),
            (None, None) => Err(self.no_checkpoint("no whole checkpoint".to_owned())),
        }
    }

    /// The newest whole checkpoint of a global step.
    ///
    /// # Errors
    /// [`Error::NoRegion`] with the steps that there are, if there is none of this one.
    pub fn at_step(&self, step: i64) -> Result<DeviceCheckpoint> {
        let whole = self.whole();
        let fits = |info: &Info| info.global_step == Some(step);
        if let Some(stored) = whole.iter().rfind(|stored| fits(&stored.info)) {
            return self.device(self.read(stored));
        }
        if let Some(salvaged) = self.salvaged.iter().rfind(|found| fits(&found.info)) {
            return self.device(salvaged.bytes.clone());
        }
        let infos = whole.iter().map(|stored| stored.info);
        let infos = infos.chain(self.salvaged.iter().map(|salvaged| salvaged.info));
        let steps: Vec<String> = infos
            .filter_map(|info| info.global_step)
            .map(|step| step.to_string())
            .collect();
        Err(self.no_checkpoint(format!(
            "no whole checkpoint of step {step}; those that are there are of steps {}",
            steps.join(", ")
        )))
    }

    fn device(&self, bytes: Vec<u8>) -> Result<DeviceCheckpoint> {
        DeviceCheckpoint::from_bytes(&self.path, bytes)
    }

    fn no_checkpoint(&self, what: String) -> Error {
        Error::NoRegion {
            path: self.path.clone(),
            reason: format!("the region at byte {} has {what}", self.start),
        }
    }

    fn is_same(&self, one: &Stored, other: &Stored) -> bool {
        one.header.save_counter() == other.header.save_counter()
            && one.header.length() == other.header.length()
            && self.read(one) == self.read(other)
    }
}

/// Finds the region, or says what has to be told.
fn locate(bytes: &[u8], place: Place) -> Result<(usize, Geometry), String> {
    if let Some(geometry) = place.geometry {
        return Ok((place.start.unwrap_or(0), geometry));
    }
    // The regions that markers speak of, and how many do.
    let mut regions: BTreeMap<(usize, u32, u32, u32), (Geometry, usize)> = BTreeMap::new();
    let mut other_version = None;
    for Sighting {
        start,
        geometry,
        version,
        ..
    } in sightings(bytes)
    {
        let Some(geometry) = geometry else {
            other_version = Some(version);
            continue;
        };
        if place.start.is_some_and(|wanted| wanted != start) {
            continue;
        }
        let sizes = (geometry.erase_size(), geometry.blocks(), geometry.unit());
        let key = (start, sizes.0, sizes.1, sizes.2);
        regions.entry(key).or_insert((geometry, 0)).1 += 1;
    }
    // Markers of other sizes may be left from before a region was formatted anew: those of a
    // region that a device can open count.
    if regions.len() > 1 {
        regions.retain(|&(start, ..), (geometry, _)| {
            let region = bytes.get(start..).unwrap_or_default();
            Image::new(region, *geometry).last_block().is_some()
        });
    }
    let mut found = regions.iter();
    match (found.next(), found.next()) {
        (Some((&(start, ..), &(geometry, _))), None) => Ok((start, geometry)),
        (Some(_), Some(_)) => {
            let starts: Vec<String> = regions.keys().map(|key| key.0.to_string()).collect();
            Err(format!(
                "it holds several regions, at bytes {}: say which with --at",
                starts.join(", ")
            ))
        }
        (None, _) => Err(match (other_version, place.start) {
            (Some(found), _) => format!(
                "its blocks are of layout version {found}, this program knows version {VERSION}"
            ),
            (None, Some(start)) => format!(
                "no block says that a region starts at byte {start}; leave out --at to look everywhere"
            ),
            (None, None) if bytes.starts_with(&device::MAGIC) => {
                "it is a device checkpoint and no dump of flash".to_owned()
            }
            (None, None) => "no block starts with a marker. Is it a dump of the region, byte for \
                 byte? If the markers are damaged, --at, --erase-size, --blocks and --unit say \
                 where the region is, and whole checkpoints are looked for by their contents"
                .to_owned(),
        }),
    }
}
