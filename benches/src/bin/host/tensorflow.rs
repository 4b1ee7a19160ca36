//! TensorFlow in a process of its own, which does as it is told and says how long it took.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const SCRIPT: &str = include_str!("tensorflow.py");

/// A running TensorFlow.
#[derive(Debug)]
pub(crate) struct TensorFlow {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl TensorFlow {
    /// Starts it; `None` if this Python has none.
    pub(crate) fn start(python: &Path) -> Option<TensorFlow> {
        let mut child = Command::new(python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        let mut tensorflow = TensorFlow {
            child,
            input,
            output,
        };
        tensorflow.line().ok().filter(|line| line == "ready")?;
        Some(tensorflow)
    }

    /// Makes `count` tensors of `elements` floats, called `name_0` and so on; saves and restores
    /// are of these.
    pub(crate) fn prepare(&mut self, name: &str, count: usize, elements: usize) -> Result<()> {
        self.time(&format!("prepare {name} {count} {elements}"))
            .map(drop)
    }

    /// SaveV2 of all tensors.
    pub(crate) fn save(&mut self, prefix: &Path) -> Result<Duration> {
        self.time(&format!("save {}", prefix.display()))
    }

    /// RestoreV2 of all tensors.
    pub(crate) fn restore(&mut self, prefix: &Path) -> Result<Duration> {
        self.time(&format!("restore {}", prefix.display()))
    }

    /// `list_variables`.
    pub(crate) fn list(&mut self, prefix: &Path) -> Result<Duration> {
        self.time(&format!("list {}", prefix.display()))
    }

    fn time(&mut self, command: &str) -> Result<Duration> {
        writeln!(self.input, "{command}").context("TensorFlow does not listen")?;
        self.input.flush().context("TensorFlow does not listen")?;
        let line = self.line()?;
        let Ok(seconds) = line.parse::<f64>() else {
            bail!("TensorFlow answered {command:?} with {line:?}");
        };
        Ok(Duration::from_secs_f64(seconds))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output
            .read_line(&mut line)
            .context("TensorFlow does not answer")?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for TensorFlow {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
