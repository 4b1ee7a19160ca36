//! `gradlet recv` gets a checkpoint intact, or says what is missing.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use gradlet::{Adam, Head, checkpoint, transport};

type Model = Head<16, 10, Adam>;

fn head() -> Model {
    let mut head = Model::new(Adam::new(0.01));
    for step in 0..5 {
        let x: [f32; 16] = std::array::from_fn(|index| ((index + step) % 7) as f32 * 0.3);
        head.minimize(&x, step).unwrap();
    }
    head
}

fn expected() -> Vec<u8> {
    let mut bytes = vec![0; 1 << 14];
    let len = checkpoint::write(&head(), &mut bytes[..]).unwrap();
    bytes.truncate(len as usize);
    bytes
}

fn gradlet(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradlet"));
    command
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn assert_received(output: &Output, file: &Path) {
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(std::fs::read(file).unwrap() == expected(), "other bytes");
    let line = text(&output.stdout);
    assert!(line.contains("global step 5"), "{line}");
}

/// A socket that loses every fourth frame the device writes.
struct Lossy {
    stream: TcpStream,
    writes: usize,
}

impl embedded_io::ErrorType for Lossy {
    type Error = io::Error;
}

impl embedded_io::Write for Lossy {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, io::Error> {
        self.writes += 1;
        if !self.writes.is_multiple_of(4) {
            self.stream.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), io::Error> {
        self.stream.flush()
    }
}

impl embedded_io::Read for Lossy {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, io::Error> {
        self.stream.read(out)
    }
}

#[test]
fn a_socket_that_loses_frames_is_asked_until_everything_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("device.gck");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap());
    let child = gradlet(&["recv", &address, file.to_str().unwrap()])
        .spawn()
        .unwrap();
    let (stream, _) = listener.accept().unwrap();
    let line = Lossy { stream, writes: 0 };
    let total = transport::serve(&head(), 7, line).expect("the receiver says that it is done");
    assert_eq!(total as usize, expected().len());
    assert_received(&child.wait_with_output().unwrap(), &file);
}

#[test]
fn a_capture_is_read_from_a_file_or_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut frames = b"boot\r\n".to_vec();
    frames.resize(1 << 14, 0);
    transport::send(&head(), 7, &mut frames[6..]).unwrap();
    let capture = folder.path().join("uart.log");
    for (index, bytes) in [&frames, &expected()].into_iter().enumerate() {
        std::fs::write(&capture, bytes).unwrap();
        let file = folder.path().join(format!("{index}.gck"));
        let words = ["recv", capture.to_str().unwrap(), file.to_str().unwrap()];
        assert_received(&gradlet(&words).output().unwrap(), &file);

        let file = folder.path().join(format!("{index}-stdin.gck"));
        let mut child = gradlet(&["recv", "-", file.to_str().unwrap()])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        assert_received(&child.wait_with_output().unwrap(), &file);
    }
}

#[test]
fn what_is_missing_at_the_end_is_said_and_no_file_appears() {
    let folder = tempfile::tempdir().unwrap();
    let mut frames = vec![0; 1 << 14];
    transport::send(&head(), 7, &mut frames[..]).unwrap();
    // The second frame is damaged.
    frames[300] ^= 1;
    let capture = folder.path().join("uart.log");
    std::fs::write(&capture, &frames).unwrap();
    let file = folder.path().join("device.gck");
    let words = ["recv", capture.to_str().unwrap(), file.to_str().unwrap()];
    let output = gradlet(&words).output().unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    let missing = format!(
        "236 of its {} bytes are missing: 236 to 472",
        expected().len()
    );
    assert!(error.contains(&missing), "{error}");
    assert!(!file.exists());
}

/// The device's end of a serial line, which loses every fifth frame.
#[cfg(unix)]
struct Device {
    port: serialport::TTYPort,
    writes: usize,
}

#[cfg(unix)]
impl embedded_io::ErrorType for Device {
    type Error = io::Error;
}

#[cfg(unix)]
impl embedded_io::Write for Device {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, io::Error> {
        self.writes += 1;
        if !self.writes.is_multiple_of(5) {
            self.port.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), io::Error> {
        Ok(())
    }
}

#[cfg(unix)]
impl embedded_io::Read for Device {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, io::Error> {
        // A host that is started late is no reason to give up.
        for _ in 0..300 {
            match self.port.read(out) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                other => return other,
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

#[cfg(unix)]
#[test]
fn a_serial_port_that_loses_frames_is_asked_until_everything_has_come() {
    use serialport::SerialPort;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("device.gck");
    let (mut port, host_end) = serialport::TTYPort::pair().expect("a pair of terminals");
    port.set_timeout(std::time::Duration::from_millis(100))
        .unwrap();
    let name = host_end.name().expect("a terminal with a name");
    let child = gradlet(&["recv", &name, file.to_str().unwrap(), "--baud", "115200"])
        .spawn()
        .unwrap();
    let device = Device { port, writes: 0 };
    let served = transport::serve(&head(), 7, device);
    let output = child.wait_with_output().unwrap();
    assert!(served.is_ok(), "{served:?}: {}", text(&output.stderr));
    assert_received(&output, &file);
}
