//! Lines to a device, and the conversation over them.

use std::fs::File;
use std::io::{self, Read, Stdin, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::{Progress, Receiver, Tally, acknowledgement};
use crate::error::{Error, Result};

/// Where a device's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Standard input (`-`).
    Stdin,
    /// A socket to connect to (`tcp:HOST:PORT`).
    Connect(String),
    /// A socket to wait on for one connection (`listen:HOST:PORT`).
    Listen(String),
    /// A serial port, or a file with what came over one.
    Path(PathBuf),
}

impl FromStr for Address {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            _ if text == "-" => Self::Stdin,
            Some(("tcp", address)) => Self::Connect(address.to_owned()),
            Some(("listen", address)) => Self::Listen(address.to_owned()),
            _ => Self::Path(text.into()),
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::Connect(address) => write!(f, "tcp:{address}"),
            Self::Listen(address) => write!(f, "listen:{address}"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// How a conversation is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bits a second of a serial port.
    pub baud: u32,
    /// How long a device may say nothing before the receiver gives up.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            baud: 115_200,
            patience: Duration::from_secs(30),
        }
    }
}

/// How long a line is quiet before the receiver asks for what is missing.
const QUIET: Duration = Duration::from_millis(200);

/// How often a receiver that nothing has come to asks for everything.
const HELLO: Duration = Duration::from_secs(1);

/// A line to a device, open. Reading from a socket or a serial port that is quiet ends with
/// [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`] after a moment.
pub struct Line(Kind);

enum Kind {
    Stdin(Stdin),
    Socket(TcpStream),
    Serial(Box<dyn serialport::SerialPort>),
    File(File),
}

impl Line {
    /// Opens the line, waiting for a connection if it is a socket to listen on.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn open(address: &Address, options: Options) -> io::Result<Self> {
        let socket = |stream: TcpStream| {
            stream.set_read_timeout(Some(QUIET))?;
            stream.set_nodelay(true)?;
            Ok(Self(Kind::Socket(stream)))
        };
        match address {
            Address::Stdin => Ok(Self(Kind::Stdin(io::stdin()))),
            Address::Connect(address) => socket(TcpStream::connect(address)?),
            Address::Listen(address) => socket(TcpListener::bind(address)?.accept()?.0),
            Address::Path(path) if is_port(path) => {
                let port = serialport::new(path.to_string_lossy(), options.baud);
                Ok(Self(Kind::Serial(port.timeout(QUIET).open()?)))
            }
            Address::Path(path) => Ok(Self(Kind::File(File::open(path)?))),
        }
    }

    /// Sends `bytes` to the device, where the line goes both ways.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            Kind::Socket(line) => line.write_all(bytes),
            Kind::Serial(line) => line.write_all(bytes),
            Kind::Stdin(_) | Kind::File(_) => Ok(()),
        }
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Stdin(line) => line.read(bytes),
            Kind::Socket(line) => line.read(bytes),
            Kind::Serial(line) => line.read(bytes),
            Kind::File(line) => line.read(bytes),
        }
    }
}

/// Whether `path` is a serial port and not a file.
fn is_port(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device())
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy()
            .to_ascii_uppercase()
            .starts_with("COM")
    }
}

/// Receives the next whole checkpoint; returns its bytes, verified.
///
/// On a line that goes both ways the device is asked for what is missing.
///
/// # Errors
/// [`Error::Io`] if the line cannot be opened or fails, [`Error::NotReceived`] if it ends, or
/// stays silent for [`Options::patience`], before a checkpoint is complete.
pub fn receive(address: &Address, options: Options) -> Result<(Vec<u8>, Tally)> {
    let path = PathBuf::from(address.to_string());
    let mut line = Line::open(address, options).map_err(Error::io("open", &path))?;
    let mut receiver = Receiver::new();
    let mut chunk = vec![0; 1 << 12];
    let mut heard = Instant::now();
    let mut greeted: Option<Instant> = None;
    loop {
        let len = match line.read(&mut chunk) {
            Ok(0) => return Err(not_received(path, "the line ended", &receiver)),
            Ok(len) => len,
            Err(error) if is_quiet(&error) => 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let mut input = &chunk[..len];
        let is_quiet = len == 0;
        match receiver.take(&mut input) {
            Progress::Complete(bytes) => {
                if let Some((transfer, total)) = receiver.last_transfer() {
                    line.send(&acknowledgement(transfer, total))
                        .map_err(Error::io("write to", &path))?;
                }
                return Ok((bytes, receiver.tally()));
            }
            progress => {
                if !is_quiet {
                    heard = Instant::now();
                } else if heard.elapsed() > options.patience {
                    return Err(not_received(path, "the device is silent", &receiver));
                }
                if receiver.missing().is_none() {
                    if !is_quiet || greeted.is_some_and(|at| at.elapsed() < HELLO) {
                        continue;
                    }
                    greeted = Some(Instant::now());
                }
                if (is_quiet || progress == Progress::Incomplete)
                    && let Some(request) = receiver.request()
                {
                    line.send(&request).map_err(Error::io("write to", &path))?;
                }
            }
        }
    }
}

fn is_quiet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Says what is missing.
fn not_received(path: PathBuf, why: &'static str, receiver: &Receiver) -> Error {
    let tally = receiver.tally();
    let missing = match receiver.missing() {
        None if tally.refused > 0 => "what came was damaged".to_owned(),
        None => "no checkpoint had begun".to_owned(),
        Some((gaps, total)) => {
            let bytes: u32 = gaps.iter().map(|gap| gap.end - gap.start).sum();
            let first = gaps.first().cloned().unwrap_or_default();
            let more = match gaps.len() {
                0 | 1 => String::new(),
                count => format!(" and {} more ranges", count - 1),
            };
            format!(
                "{bytes} of its {total} bytes are missing: {} to {}{more}",
                first.start, first.end
            )
        }
    };
    Error::NotReceived {
        line: path,
        why,
        missing,
        frames: tally.frames,
        damaged: tally.damaged,
    }
}
