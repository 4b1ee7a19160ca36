//! How a record file is compressed.

use std::io::{self, BufRead, Read};

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::HEADER;
use crate::crc;

/// Compression of a whole record file (`tf.io.TFRecordOptions.compression_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// None.
    #[default]
    None,
    /// A gzip stream, `GZIP`.
    Gzip,
    /// A zlib stream, `ZLIB`.
    Zlib,
}

impl Compression {
    /// TensorFlow's name: the empty string, `GZIP`, `ZLIB`.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => "GZIP",
            Compression::Zlib => "ZLIB",
        }
    }

    /// The compression of a file that starts with these bytes.
    ///
    /// A plain file starts with a length and its checksum, which no compressed file does except by
    /// an accident of one in four thousand million.
    pub fn of_start(start: &[u8]) -> Compression {
        if let Some((length, crc)) = start
            .get(..HEADER)
            .and_then(|header| header.split_at_checked(8))
            && crc == crc::mask(crc::crc32c(length)).to_le_bytes()
        {
            return Compression::None;
        }
        match *start {
            [0x1f, 0x8b, 8, ..] => Compression::Gzip,
            [method, flags, ..] if is_zlib(method, flags) => Compression::Zlib,
            _ => Compression::None,
        }
    }
}

/// A zlib header: method 8, a window of at most 32 KiB, and a check by 31.
fn is_zlib(method: u8, flags: u8) -> bool {
    method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

/// Undoes the compression of a record file.
#[derive(Debug)]
pub struct Inflate<R>(Inner<R>);

#[derive(Debug)]
enum Inner<R> {
    Plain(R),
    Gzip(Box<MultiGzDecoder<R>>),
    Zlib(Box<ZlibDecoder<R>>),
}

impl<R: BufRead> Inflate<R> {
    /// Reads `file` as being compressed like this.
    pub fn new(file: R, compression: Compression) -> Inflate<R> {
        Inflate(match compression {
            Compression::None => Inner::Plain(file),
            Compression::Gzip => Inner::Gzip(Box::new(MultiGzDecoder::new(file))),
            Compression::Zlib => Inner::Zlib(Box::new(ZlibDecoder::new(file))),
        })
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Plain(file) => file.read(buffer),
            Inner::Gzip(file) => file.read(buffer),
            Inner::Zlib(file) => file.read(buffer),
        }
    }
}
