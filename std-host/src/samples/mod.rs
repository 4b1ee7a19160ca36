//! Samples for devices, made of TFRecord files of `tf.train.Example`.
//!
//! A device streams [`gradlet::samples`]: a class and int8 values, a row each. [`write()`] quantizes
//! one feature of every example for it and takes another as the label.
//!
//! ```
//! use gradlet_host::example::{Example, Feature};
//! use gradlet_host::records;
//! use gradlet_host::samples::{self, Options};
//!
//! # let folder = tempfile::tempdir()?;
//! # let (records, target) = (folder.path().join("a.tfrecord"), folder.path().join("a.samples"));
//! let mut writer = records::create(&records, records::Compression::Gzip)?;
//! for (x, label) in [([0.5, -1.0], 3), ([0.0, 1.0], 1)] {
//!     let example = Example::new()
//!         .with("x", Feature::floats(x))
//!         .with("label", Feature::ints([label]));
//!     writer.write(&example.to_bytes())?;
//! }
//! writer.finish()?;
//!
//! let written = samples::write(&records, &target, &Options::default())?;
//! assert_eq!((written.samples, written.features, written.classes), (2, 2, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod quantize;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use gradlet::samples::Header;
use gradlet::{Crc32c, Quantization};

use self::quantize::{Range, quantize};
use crate::error::Error;
use crate::example::{Example, Feature, Kind, NotAnExample};
use crate::records::{self, RecordError};
use crate::similar::most_similar;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};

/// How samples are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The feature that becomes the values, `x` by default: floats, integers, or one byte string,
    /// whose bytes are numbers from 0 to 255.
    pub feature: String,
    /// The feature that is the class, `label` by default: one integer from 0 to 255.
    pub label: String,
    /// What the values stand for: what the model's int8 input has. Without it, the range of all
    /// values, as TensorFlow Lite's converter chooses it; 128 below the byte for byte strings.
    pub quantization: Option<Quantization>,
    /// Whether the file is forced to the disk; it is by default.
    pub durability: Durability,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            feature: "x".to_owned(),
            label: "label".to_owned(),
            quantization: None,
            durability: Durability::Synced,
        }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    /// Number of samples.
    pub samples: u32,
    /// Values of a sample.
    pub features: u32,
    /// One more than the largest label.
    pub classes: u16,
    /// What the values stand for.
    pub quantization: Quantization,
    /// Values that lay outside of what the quantization reaches, and became its nearest end.
    pub clamped: u64,
}

/// Why no samples could be made of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordError),
    /// A record is no example.
    #[error("{}: record {record}: {source}", path.display())]
    Example {
        /// The file.
        path: PathBuf,
        /// Number of the record, from 0.
        record: u64,
        /// What it is instead.
        source: NotAnExample,
    },
    /// An example does not have what is asked for.
    #[error("{}: record {record}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Number of the record, from 0.
        record: u64,
        /// What was expected and found.
        reason: String,
    },
    /// The file has no records.
    #[error("{} has no records", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A step between values that is none.
    #[error("scale {scale}: expected a number above 0")]
    Scale {
        /// The step given.
        scale: f32,
    },
    /// The samples cannot be written.
    #[error(transparent)]
    File(#[from] Error),
}

/// The values of an example.
enum Values<'e> {
    Floats(&'e [f32]),
    Ints(&'e [i64]),
    Bytes(&'e [u8]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Values::Floats(values) => values.len(),
            Values::Ints(values) => values.len(),
            Values::Bytes(values) => values.len(),
        }
    }

    fn for_each(&self, take: impl FnMut(f32)) {
        match self {
            Values::Floats(values) => values.iter().copied().for_each(take),
            Values::Ints(values) => values.iter().map(|&value| value as f32).for_each(take),
            Values::Bytes(values) => values.iter().map(|&value| f32::from(value)).for_each(take),
        }
    }
}

/// Writes the examples of the TFRecord file `source`, plain, gzip or zlib, as the sample file
/// `target`, which appears whole or not at all. The records are read twice, one at a time.
///
/// # Errors
/// [`SampleError`] with the number of the record.
pub fn write(
    source: impl AsRef<Path>,
    target: impl AsRef<Path>,
    options: &Options,
) -> Result<Written, SampleError> {
    let (source, target) = (source.as_ref(), target.as_ref());
    if let Some(Quantization { scale, .. }) = options.quantization
        && !(scale.is_finite() && scale > 0.0)
    {
        return Err(SampleError::Scale { scale });
    }
    let survey = Survey::of(source, options)?;
    let quantization = options
        .quantization
        .unwrap_or_else(|| survey.range.quantization());
    let header = Header {
        features: survey.features,
        samples: survey.samples,
        classes: survey.classes,
        quantization,
    };
    create_folder_of(target)?;
    let mut staged = Staged::beside(target)?;
    let fault = Error::io("write", target);
    staged.write_all(&header.encode()).map_err(fault)?;
    let mut checksum = Crc32c::new();
    let mut clamped = 0;
    let mut row = Vec::new();
    let mut written = 0;
    let changed = |record| SampleError::Unusable {
        path: source.to_path_buf(),
        record,
        reason: "the file changed while it was read".to_owned(),
    };
    for_each(source, options, |record, values, label| {
        let known = written < survey.samples && u16::from(label) < survey.classes;
        if !known || usize::try_from(survey.features) != Ok(values.len()) {
            return Err(changed(record));
        }
        written += 1;
        row.clear();
        row.push(label);
        values.for_each(|value| {
            let (quantized, outside) = quantize(value, quantization);
            clamped += u64::from(outside);
            row.extend(quantized.to_le_bytes());
        });
        checksum.update(&row);
        staged.write_all(&row).map_err(Error::io("write", target))?;
        Ok(())
    })?;
    if written != survey.samples {
        return Err(changed(u64::from(written)));
    }
    let fault = Error::io("write", target);
    staged
        .write_all(&checksum.value().to_le_bytes())
        .map_err(fault)?;
    staged.sync(options.durability)?;
    staged.commit(target)?;
    sync_folder_of(target, options.durability)?;
    Ok(Written {
        samples: header.samples,
        features: header.features,
        classes: header.classes,
        quantization,
        clamped,
    })
}

/// What all examples have in common.
struct Survey {
    samples: u32,
    features: u32,
    classes: u16,
    range: Range,
}

impl Survey {
    fn of(source: &Path, options: &Options) -> Result<Survey, SampleError> {
        let mut survey = Survey {
            samples: 0,
            features: 0,
            classes: 0,
            range: Range::default(),
        };
        for_each(source, options, |record, values, label| {
            let unusable = |reason: String| SampleError::Unusable {
                path: source.to_path_buf(),
                record,
                reason,
            };
            let features = u32::try_from(values.len()).unwrap_or(u32::MAX);
            if features == 0 {
                return Err(unusable(format!("\"{}\" has no values", options.feature)));
            }
            if survey.samples == 0 {
                survey.features = features;
            } else if survey.features != features {
                return Err(unusable(format!(
                    "\"{}\" has {features} values, the records before it had {}; samples of a \
                     device are all of one length",
                    options.feature, survey.features
                )));
            }
            let mut finite = true;
            values.for_each(|value| finite &= value.is_finite());
            if !finite {
                let name = &options.feature;
                return Err(unusable(format!(
                    "\"{name}\" has a value that is not finite"
                )));
            }
            match values {
                Values::Bytes(_) => survey.range.take_bytes(),
                _ => values.for_each(|value| survey.range.take(value)),
            }
            survey.classes = survey.classes.max(u16::from(label) + 1);
            survey.samples = survey
                .samples
                .checked_add(1)
                .ok_or_else(|| unusable("more samples than a file can count".to_owned()))?;
            Ok(())
        })?;
        if survey.samples == 0 {
            let path = source.to_path_buf();
            return Err(SampleError::Empty { path });
        }
        Ok(survey)
    }
}

/// Calls `take` with number, values and label of every example.
fn for_each(
    source: &Path,
    options: &Options,
    mut take: impl FnMut(u64, &Values<'_>, u8) -> Result<(), SampleError>,
) -> Result<(), SampleError> {
    let mut reader = records::open(source)?;
    let mut record = 0;
    while let Some(encoded) = reader.next_record()? {
        let path = || source.to_path_buf();
        let example = Example::from_bytes(encoded).map_err(|source| SampleError::Example {
            path: path(),
            record,
            source,
        })?;
        let unusable = |reason| SampleError::Unusable {
            path: path(),
            record,
            reason,
        };
        let values = values_of(&example, &options.feature).map_err(unusable)?;
        let label = label_of(&example, &options.label).map_err(unusable)?;
        take(record, &values, label)?;
        record += 1;
    }
    Ok(())
}

fn feature_of<'e>(example: &'e Example, name: &str) -> Result<&'e Feature, String> {
    if let Some(feature) = example.feature(name) {
        return Ok(feature);
    }
    let entries = example
        .features
        .iter()
        .flat_map(|features| &features.feature);
    let names: Vec<&str> = entries.map(|entry| entry.key.as_str()).collect();
    let near = most_similar(name.as_bytes(), names.iter().map(|name| name.as_bytes()));
    let hint = match near {
        Some(near) => format!("; did you mean \"{}\"?", String::from_utf8_lossy(near)),
        None => format!("; there are {}", names.join(", ")),
    };
    Err(format!("there is no feature \"{name}\"{hint}"))
}

fn values_of<'e>(example: &'e Example, name: &str) -> Result<Values<'e>, String> {
    match &feature_of(example, name)?.kind {
        Some(Kind::FloatList(list)) => Ok(Values::Floats(&list.value)),
        Some(Kind::Int64List(list)) => Ok(Values::Ints(&list.value)),
        Some(Kind::BytesList(list)) => match list.value.as_slice() {
            [bytes] => Ok(Values::Bytes(bytes)),
            several => {
                let count = several.len();
                Err(format!("\"{name}\" has {count} byte strings, expected one"))
            }
        },
        None => Err(format!("\"{name}\" has no values")),
    }
}

fn label_of(example: &Example, name: &str) -> Result<u8, String> {
    let expected = "expected one integer from 0 to 255";
    match feature_of(example, name)?.as_ints() {
        Some([label]) => {
            u8::try_from(*label).map_err(|_| format!("\"{name}\" is {label}, {expected}"))
        }
        Some(several) => {
            let count = several.len();
            Err(format!("\"{name}\" has {count} values, {expected}"))
        }
        None => Err(format!("\"{name}\" holds no integers, {expected}")),
    }
}
