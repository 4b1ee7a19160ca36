//! `gradlet convert` of a device checkpoint of ten kilobytes, as a whole process.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use gradlet::checkpoint;
use gradlet::{Adam, Head};
use wait4::Wait4;

use crate::figures::{Best, Figures};

pub(crate) fn small(figures: &mut Figures, folder: &Path, rounds: usize) -> Result<()> {
    let device = folder.join("device.gck");
    let mut room = [0; 1 << 14];
    let mut head: Head<64, 13, Adam> = Head::new(Adam::new(0.01));
    // Trained on features that all differ: an untouched slot would take a few bytes only.
    for label in 0..13 {
        let features = std::array::from_fn(|feature| ((feature + 1) * (label + 1)) as f32 / 832.0);
        head.minimize(&features, label)?;
    }
    let written = checkpoint::write(&head, &mut room[..]).map_err(|error| anyhow!("{error}"))?;
    let bytes = &room[..written as usize];
    fs::write(&device, bytes).context("writing the device checkpoint")?;

    let gradlet = gradlet()?;
    let mut time = Best::default();
    let mut memory = 0;
    for _ in 0..rounds * 4 {
        let start = Instant::now();
        let mut child = Command::new(&gradlet)
            .arg("convert")
            .args([&device, &folder.join("converted")])
            .arg("--no-sync")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", gradlet.display()))?;
        let ended = child.wait4().context("waiting for the conversion")?;
        time.take(start.elapsed());
        ensure!(
            ended.status.success(),
            "the conversion failed: {}",
            ended.status
        );
        memory = memory.max(ended.rusage.maxrss);
    }
    figures.add("convert_small.bytes", bytes.len() as f64, "bytes");
    figures.add(
        "convert_small.ms",
        time.seconds().unwrap_or_default() * 1e3,
        "ms",
    );
    figures.add(
        "convert_small.mib",
        memory as f64 / (1u64 << 20) as f64,
        "MiB",
    );
    Ok(())
}

/// The command, built beside this program.
fn gradlet() -> Result<PathBuf> {
    let this = env::current_exe().context("this program's path")?;
    let gradlet = this.with_file_name(format!("gradlet{}", env::consts::EXE_SUFFIX));
    let missing = || format!("{} is missing: cargo build --release", gradlet.display());
    ensure!(gradlet.is_file(), missing());
    Ok(gradlet)
}
