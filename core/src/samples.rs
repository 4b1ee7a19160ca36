//! Labelled samples as a host sends them to a device: a class and int8 values each.
//!
//! `gradlet samples` makes such a file of a TFRecord file of `tf.train.Example`; firmware reads it
//! a sample at a time from a UART, a socket, or flash, in the memory of one sample.
//!
//! All numbers are little-endian.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 4 | `89 47 53 4d` (`\x89GSM`) |
//! | 4 | 1 | version, 0 |
//! | 5 | 1 | zero point, int8 |
//! | 6 | 2 | number of classes |
//! | 8 | 4 | values of a sample, *n* |
//! | 12 | 4 | number of samples, *m* |
//! | 16 | 4 | scale, float32: real = (value − zero point)·scale |
//! | 20 | 8 | zeros |
//! | 28 | 4 | CRC-32C of the 28 bytes before |
//! | 32 | *m*·(1 + *n*) | samples: the class, uint8, and *n* values, int8 |
//! | | 4 | CRC-32C of all samples |

use core::fmt;

use embedded_io::{Read, ReadExactError};

use crate::{Crc32c, Quantization};

/// First bytes of a sample file.
pub const MAGIC: [u8; 4] = [0x89, b'G', b'S', b'M'];

/// The version of the format.
pub const VERSION: u8 = 0;

/// Bytes before the first sample.
pub const HEADER: usize = 32;

/// What a sample file says of its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Header {
    /// Values of a sample.
    pub features: u32,
    /// Number of samples.
    pub samples: u32,
    /// Number of classes; labels are below it.
    pub classes: u16,
    /// What the values stand for.
    pub quantization: Quantization,
}

impl Header {
    /// The header as it stands in the file.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let fields: [&[u8]; 8] = [
            &MAGIC,
            &[VERSION],
            &self.quantization.zero_point.to_le_bytes(),
            &self.classes.to_le_bytes(),
            &self.features.to_le_bytes(),
            &self.samples.to_le_bytes(),
            &self.quantization.scale.to_le_bytes(),
            &[0; 8],
        ];
        let mut places = bytes.iter_mut();
        let mut checksum = Crc32c::new();
        for field in fields {
            checksum.update(field);
            for (byte, place) in field.iter().zip(&mut places) {
                *place = *byte;
            }
        }
        for (place, byte) in places.zip(checksum.value().to_le_bytes()) {
            *place = byte;
        }
        bytes
    }

    /// Reads the header.
    ///
    /// # Errors
    /// [`SampleFault::Magic`], [`SampleFault::Version`] or [`SampleFault::Checksum`].
    pub fn decode(bytes: &[u8; HEADER]) -> Result<Self, SampleFault> {
        let (fields, stored) = (bytes.first_chunk::<28>(), bytes.last_chunk::<4>());
        let (Some(fields), Some(stored)) = (fields, stored) else {
            return Err(SampleFault::Magic);
        };
        // Every field lies in the array, whose length is known here.
        let [a, b, c, d, version, zero_point, e, f, fields @ ..] = *fields;
        let [f0, f1, f2, f3, s0, s1, s2, s3, r0, r1, r2, r3, ..] = fields;
        if [a, b, c, d] != MAGIC {
            return Err(SampleFault::Magic);
        }
        if version != VERSION {
            return Err(SampleFault::Version { found: version });
        }
        let mut checksum = Crc32c::new();
        checksum.update(bytes.first_chunk::<28>().map_or(&[], |fields| fields));
        expect(checksum.value(), u32::from_le_bytes(*stored))?;
        Ok(Self {
            features: u32::from_le_bytes([f0, f1, f2, f3]),
            samples: u32::from_le_bytes([s0, s1, s2, s3]),
            classes: u16::from_le_bytes([e, f]),
            quantization: Quantization {
                scale: f32::from_le_bytes([r0, r1, r2, r3]),
                zero_point: zero_point as i8,
            },
        })
    }
}

fn expect(computed: u32, stored: u32) -> Result<(), SampleFault> {
    if computed == stored {
        Ok(())
    } else {
        Err(SampleFault::Checksum { stored, computed })
    }
}

/// A sample and its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<const N: usize> {
    /// The values; see [`Header::quantization`].
    pub features: [i8; N],
    /// The class.
    pub label: u8,
}

/// Reads samples of `N` values one after another.
///
/// ```
/// use gradlet::samples::{Header, Samples};
/// use gradlet::{Crc32c, Quantization};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let quantization = Quantization { scale: 0.5, zero_point: -1 };
/// # let header = Header { features: 3, samples: 2, classes: 10, quantization };
/// # let rows = [7, 1, 2, 3, 9, 4, 5, 6];
/// # let mut checksum = Crc32c::new();
/// # checksum.update(&rows);
/// # let file = [&header.encode()[..], &rows, &checksum.value().to_le_bytes()].concat();
/// # let uart = &file[..];
/// let mut samples = Samples::<_, 3>::new(uart)?;
/// let mut labels = Vec::new();
/// while let Some(sample) = samples.next()? {
///     labels.push(sample.label);
/// }
/// assert_eq!(labels, [7, 9]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Samples<R, const N: usize> {
    reader: R,
    header: Header,
    /// Samples not yet read; `None` once the end was reached and checked.
    left: Option<u32>,
    checksum: Crc32c,
}

impl<R: Read, const N: usize> Samples<R, N> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`SamplesError`]; among them [`SampleFault::Features`] if samples have not `N` values.
    pub fn new(mut reader: R) -> Result<Self, SamplesError<R::Error>> {
        let mut bytes = [0; HEADER];
        fill(&mut reader, &mut bytes)?;
        let header = Header::decode(&bytes)?;
        if usize::try_from(header.features) != Ok(N) {
            let found = header.features;
            return Err(SampleFault::Features { expected: N, found }.into());
        }
        Ok(Self {
            reader,
            header,
            left: Some(header.samples),
            checksum: Crc32c::new(),
        })
    }

    /// What the file says of its samples.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next sample, or `None` after the last one, when the checksum over all was right.
    ///
    /// Samples are given out before the checksum is known: where none but right ones may be
    /// trained on, read twice.
    ///
    /// # Errors
    /// [`SamplesError`]: the source fails or ends early, a label is no class, or at the end the
    /// checksum differs.
    #[allow(
        clippy::should_implement_trait,
        reason = "an iterator would give errors inside `Some`, and could not end at one"
    )]
    pub fn next(&mut self) -> Result<Option<Sample<N>>, SamplesError<R::Error>> {
        let Some(left) = self.left else {
            return Ok(None);
        };
        let Some(left) = left.checked_sub(1) else {
            let mut stored = [0; 4];
            fill(&mut self.reader, &mut stored)?;
            self.left = None;
            expect(self.checksum.value(), u32::from_le_bytes(stored))?;
            return Ok(None);
        };
        let (mut label, mut values) = ([0], [0; N]);
        fill(&mut self.reader, &mut label)?;
        fill(&mut self.reader, &mut values)?;
        self.checksum.update(&label);
        self.checksum.update(&values);
        self.left = Some(left);
        let [label] = label;
        let classes = self.header.classes;
        if u16::from(label) >= classes {
            return Err(SampleFault::Label {
                classes,
                found: label,
            }
            .into());
        }
        let features = values.map(|value| value as i8);
        Ok(Some(Sample { features, label }))
    }
}

fn fill<R: Read>(reader: &mut R, bytes: &mut [u8]) -> Result<(), SamplesError<R::Error>> {
    reader.read_exact(bytes).map_err(|error| match error {
        ReadExactError::UnexpectedEof => SampleFault::Ends.into(),
        ReadExactError::Other(error) => SamplesError::Io(error),
    })
}

/// What is wrong with a sample file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SampleFault {
    /// It does not begin as a sample file does.
    Magic,
    /// A newer version.
    Version {
        /// The version found; [`VERSION`] was expected.
        found: u8,
    },
    /// Samples have another number of values.
    Features {
        /// The number asked for.
        expected: usize,
        /// The number found.
        found: u32,
    },
    /// A label is not one of the classes.
    Label {
        /// Number of classes.
        classes: u16,
        /// The label found.
        found: u8,
    },
    /// It ends too early.
    Ends,
    /// The header or the samples are not those that were written.
    Checksum {
        /// In the file.
        stored: u32,
        /// Of what was read.
        computed: u32,
    },
}

impl fmt::Display for SampleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("this is not a sample file"),
            Self::Version { found } => {
                write!(f, "version {found}, expected at most {VERSION}")
            }
            Self::Features { expected, found } => {
                write!(f, "samples of {found} values, expected {expected}")
            }
            Self::Label { classes, found } => {
                write!(f, "label {found} is not one of {classes} classes")
            }
            Self::Ends => f.write_str("the samples end too early"),
            Self::Checksum { stored, computed } => {
                write!(f, "checksum {computed:08x}, expected {stored:08x}")
            }
        }
    }
}

impl core::error::Error for SampleFault {}

/// Why samples could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SamplesError<E> {
    /// The source failed.
    Io(E),
    /// It is no sample file, or a damaged one.
    Fault(SampleFault),
}

impl<E> From<SampleFault> for SamplesError<E> {
    fn from(fault: SampleFault) -> Self {
        Self::Fault(fault)
    }
}

impl<E: fmt::Debug> fmt::Display for SamplesError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the source of samples failed: {error:?}"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for SamplesError<E> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn file(rows: &[[u8; 3]]) -> Vec<u8> {
        let quantization = Quantization {
            scale: 0.25,
            zero_point: -3,
        };
        let header = Header {
            features: 2,
            samples: rows.len() as u32,
            classes: 5,
            quantization,
        };
        let rows = rows.as_flattened();
        let mut checksum = Crc32c::new();
        checksum.update(rows);
        [&header.encode()[..], rows, &checksum.value().to_le_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Sample<2>>, SampleFault> {
        let fault = |error| match error {
            SamplesError::Fault(fault) => fault,
            SamplesError::Io(never) => match never {},
        };
        let mut samples = Samples::new(bytes).map_err(fault)?;
        let mut found = Vec::new();
        while let Some(sample) = samples.next().map_err(fault)? {
            found.push(sample);
        }
        assert_eq!(samples.next(), Ok(None), "the end stays the end");
        Ok(found)
    }

    #[test]
    fn samples_come_back_and_the_header_with_them() {
        let bytes = file(&[[4, 1, 255], [0, 128, 0]]);
        let sample = |features, label| Sample { features, label };
        assert_eq!(
            read(&bytes),
            Ok(std::vec![sample([1, -1], 4), sample([-128, 0], 0)])
        );
        let samples = Samples::<_, 2>::new(&bytes[..]).unwrap();
        let header = samples.header();
        assert_eq!((header.classes, header.quantization.zero_point), (5, -3));
        assert_eq!(header.quantization.scale, 0.25);
        assert_eq!(read(&file(&[])), Ok(Vec::new()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let whole = file(&[[4, 1, 255], [0, 128, 0]]);
        for place in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[place / 8] ^= 1 << (place % 8);
            assert!(read(&bytes).is_err(), "bit {place}");
        }
        for len in 0..whole.len() {
            assert_eq!(read(&whole[..len]), Err(SampleFault::Ends), "{len} bytes");
        }
    }

    #[test]
    fn other_sizes_and_labels_are_refused() {
        let wrong = Samples::<_, 3>::new(&file(&[])[..]).map(drop);
        let features = SampleFault::Features {
            expected: 3,
            found: 2,
        };
        assert_eq!(wrong, Err(SamplesError::Fault(features)));
        let label = SampleFault::Label {
            classes: 5,
            found: 5,
        };
        assert_eq!(read(&file(&[[5, 0, 0]])), Err(label));
    }
}
