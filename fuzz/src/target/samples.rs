//! Sample files, as a device reads them and as the host makes them.

use gradlet::Crc32c;
use gradlet::samples::{HEADER, Header, MAGIC, Sample, SampleFault, Samples, SamplesError};
use gradlet_host::Durability;
use gradlet_host::samples::{Options, write};

use crate::memory::bounded;
use crate::{scratch, seal};

/// Reads the bytes as a sample file, and makes one of them as a TFRecord file of examples.
pub fn samples(bytes: &[u8]) {
    let mut sealed = bytes.to_vec();
    if bytes.starts_with(&MAGIC) {
        read_as_device(bytes);
        seal::samples(&mut sealed);
        read_as_device(&sealed);
    } else {
        make(bytes);
        seal::records(&mut sealed);
        make(&sealed);
    }
}

/// Reads a file on a device that expects samples of as many values as it has, if those are few.
fn read_as_device(bytes: &[u8]) {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        assert_eq!(read::<1>(bytes), Err(SampleFault::Ends));
        return;
    };
    let Ok(header) = Header::decode(header) else {
        assert!(read::<1>(bytes).is_err(), "samples without a header");
        return;
    };
    let again = header.encode();
    // What a later version may put into the zeros is not kept.
    assert_eq!(again[..20], bytes[..20], "the header changes");
    match header.features {
        0 => check::<0>(bytes, &header),
        1 => check::<1>(bytes, &header),
        2 => check::<2>(bytes, &header),
        3 => check::<3>(bytes, &header),
        4 => check::<4>(bytes, &header),
        found => {
            let expected = 1;
            let fault = SampleFault::Features { expected, found };
            assert_eq!(read::<1>(bytes), Err(fault));
        }
    }
}

/// What was read is what stands in the file, or something is wrong with it.
fn check<const N: usize>(bytes: &[u8], header: &Header) {
    let rows = &bytes[HEADER..];
    let found = match read::<N>(bytes) {
        Ok(found) => found,
        Err(SampleFault::Ends) => {
            let len = u64::from(header.samples) * (1 + N as u64) + 4;
            assert!((rows.len() as u64) < len, "an end that is none");
            return;
        }
        Err(_) => return,
    };
    assert_eq!(found.len() as u64, u64::from(header.samples));
    let values = found.iter().flat_map(|sample| {
        let values = sample.features.iter().map(|value| value.cast_unsigned());
        std::iter::once(sample.label).chain(values)
    });
    let written: Vec<u8> = values.collect();
    assert!(rows.starts_with(&written), "samples that are not there");
    let mut checksum = Crc32c::new();
    checksum.update(&written);
    let sum = checksum.value().to_le_bytes();
    assert!(rows[written.len()..].starts_with(&sum), "a wrong checksum");
    let classes = header.classes;
    assert!(found.iter().all(|sample| u16::from(sample.label) < classes));
}

/// All samples, however the bytes come.
fn read<const N: usize>(bytes: &[u8]) -> Result<Vec<Sample<N>>, SampleFault> {
    let whole = bounded(bytes.len(), || read_from::<N>(bytes));
    let pieces = bounded(bytes.len(), || read_from::<N>(OneByOne(bytes)));
    assert_eq!(whole, pieces, "samples depend on how the bytes come");
    whole
}

fn read_from<const N: usize>(
    source: impl embedded_io::Read<Error = std::convert::Infallible>,
) -> Result<Vec<Sample<N>>, SampleFault> {
    let fault = |error| match error {
        SamplesError::Fault(fault) => fault,
        SamplesError::Io(never) => match never {},
    };
    let mut samples = Samples::<_, N>::new(source).map_err(fault)?;
    let mut found = Vec::new();
    while let Some(sample) = samples.next().map_err(fault)? {
        found.push(sample);
    }
    Ok(found)
}

/// A line that brings a byte at a time.
struct OneByOne<'a>(&'a [u8]);

impl embedded_io::ErrorType for OneByOne<'_> {
    type Error = std::convert::Infallible;
}

impl embedded_io::Read for OneByOne<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let (Some((&byte, rest)), Some(place)) = (self.0.split_first(), buffer.first_mut()) else {
            return Ok(0);
        };
        (*place, self.0) = (byte, rest);
        Ok(1)
    }
}

/// Makes a sample file of a TFRecord file; a device must read the file as the host says.
fn make(bytes: &[u8]) {
    let (source, target) = (scratch::path("examples"), scratch::path("made.samples"));
    scratch::write(&source, bytes);
    let _ = std::fs::remove_file(&target);
    let options = Options {
        durability: Durability::Unsynced,
        ..Options::default()
    };
    let Ok(written) = write(&source, &target, &options) else {
        assert!(!target.exists(), "a file of nothing");
        return;
    };
    let made = std::fs::read(&target).expect("what was written can be read");
    let header = made.first_chunk().map(Header::decode);
    let header = header.expect("a header").expect("a sound one");
    let expected = Header {
        features: written.features,
        samples: written.samples,
        classes: written.classes,
        quantization: written.quantization,
    };
    assert_eq!(header, expected);
    let scale = written.quantization.scale;
    assert!(scale.is_finite() && scale > 0.0, "a scale of {scale}");
    let len = HEADER as u64 + u64::from(header.samples) * (1 + u64::from(header.features)) + 4;
    assert_eq!(made.len() as u64, len);
    read_as_device(&made);
}
