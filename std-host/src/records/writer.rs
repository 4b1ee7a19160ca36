//! Writing records.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::write::{GzEncoder, ZlibEncoder};

use super::{Compression, RecordError};
use crate::crc;

/// Writes records one after another (`tf.io.TFRecordWriter`).
#[derive(Debug)]
pub struct RecordWriter<W> {
    sink: W,
    offset: u64,
}

/// Creates a record file, replacing one that is there.
///
/// # Errors
/// The file cannot be created.
pub fn create(
    path: impl AsRef<Path>,
    compression: Compression,
) -> Result<RecordWriter<Deflate<BufWriter<File>>>, RecordError> {
    let path = path.as_ref();
    let file = File::create(path).map_err(|source| RecordError::Io {
        path: Some(path.to_path_buf()),
        offset: 0,
        source,
    })?;
    Ok(RecordWriter::new(Deflate::new(
        BufWriter::new(file),
        compression,
    )))
}

impl<W: Write> RecordWriter<W> {
    /// Writes plain records to `sink`.
    pub fn new(sink: W) -> RecordWriter<W> {
        RecordWriter { sink, offset: 0 }
    }

    /// Writes one record; it may be empty.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn write(&mut self, record: &[u8]) -> Result<(), RecordError> {
        let length = (record.len() as u64).to_le_bytes();
        let parts = [
            &length,
            &crc::mask(crc::crc32c(&length)).to_le_bytes()[..],
            record,
            &crc::mask(crc::crc32c(record)).to_le_bytes(),
        ];
        for part in parts {
            self.sink
                .write_all(part)
                .map_err(|source| self.fault(source))?;
            self.offset += part.len() as u64;
        }
        Ok(())
    }

    /// Hands everything written so far to the operating system.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        self.sink.flush().map_err(|source| self.fault(source))
    }

    /// The sink.
    pub fn into_inner(self) -> W {
        self.sink
    }

    fn fault(&self, source: io::Error) -> RecordError {
        RecordError::Io {
            path: None,
            offset: self.offset,
            source,
        }
    }
}

impl<W: Write> RecordWriter<Deflate<W>> {
    /// Ends the compressed stream and hands back the sink.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn finish(self) -> Result<W, RecordError> {
        let offset = self.offset;
        let fault = |source| RecordError::Io {
            path: None,
            offset,
            source,
        };
        let mut sink = self.sink.finish().map_err(fault)?;
        sink.flush().map_err(fault)?;
        Ok(sink)
    }
}

/// Applies the compression of a record file.
#[derive(Debug)]
pub struct Deflate<W: Write>(Inner<W>);

#[derive(Debug)]
enum Inner<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
    Zlib(Box<ZlibEncoder<W>>),
}

impl<W: Write> Deflate<W> {
    /// Writes to `file`, compressed like this.
    pub fn new(file: W, compression: Compression) -> Deflate<W> {
        let level = flate2::Compression::default();
        Deflate(match compression {
            Compression::None => Inner::Plain(file),
            Compression::Gzip => Inner::Gzip(Box::new(GzEncoder::new(file, level))),
            Compression::Zlib => Inner::Zlib(Box::new(ZlibEncoder::new(file, level))),
        })
    }

    fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::Plain(file) => Ok(file),
            Inner::Gzip(file) => file.finish(),
            Inner::Zlib(file) => file.finish(),
        }
    }
}

impl<W: Write> Write for Deflate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Plain(file) => file.write(bytes),
            Inner::Gzip(file) => file.write(bytes),
            Inner::Zlib(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Plain(file) => file.flush(),
            Inner::Gzip(file) => file.flush(),
            Inner::Zlib(file) => file.flush(),
        }
    }
}
