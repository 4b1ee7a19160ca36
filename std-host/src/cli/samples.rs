//! `gradlet samples`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use gradlet::Quantization;
use gradlet_host::Durability;
use gradlet_host::samples::{self, Options};
use serde::Serialize;

use super::print_json;
use super::progress::Progress;

/// Make the sample file that firmware streams of a TFRecord file of tf.train.Example.
///
/// IN is plain, gzip or zlib. Every example becomes a row: the label as one byte and the
/// values of one feature as int8; `gradlet::samples` describes the file and reads it on the device. Give
/// the scale and the zero point of the model's int8 input; without them they are chosen as
/// TensorFlow Lite's converter does, from the range of all values.
#[derive(Debug, Args)]
pub(super) struct Samples {
    /// The TFRecord file
    input: PathBuf,
    /// The sample file to write
    output: PathBuf,
    /// The feature with the values: floats, integers, or one byte string
    #[arg(long, default_value = "x")]
    feature: String,
    /// The feature with the class, one integer from 0 to 255
    #[arg(long, default_value = "label")]
    label: String,
    /// The step between two int8 values
    #[arg(long, requires = "zero_point")]
    scale: Option<f32>,
    /// The int8 value that stands for 0
    #[arg(long, requires = "scale", allow_negative_numbers = true)]
    zero_point: Option<i8>,
    /// Do not force the file to the disk
    #[arg(long)]
    no_sync: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Made {
    file: String,
    samples: u32,
    features: u32,
    classes: u16,
    scale: f32,
    zero_point: i8,
    /// Values outside of what the quantization reaches.
    clamped: u64,
}

impl Samples {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let quantization = self
            .scale
            .zip(self.zero_point)
            .map(|(scale, zero_point)| Quantization { scale, zero_point });
        let durability = if self.no_sync {
            Durability::Unsynced
        } else {
            Durability::Synced
        };
        let options = Options {
            feature: self.feature,
            label: self.label,
            quantization,
            durability,
        };
        let line = Progress::start(format!("reading {}", self.input.display()));
        let written = samples::write(&self.input, &self.output, &options)?;
        drop(line);
        let made = Made {
            file: self.output.display().to_string(),
            samples: written.samples,
            features: written.features,
            classes: written.classes,
            scale: written.quantization.scale,
            zero_point: written.quantization.zero_point,
            clamped: written.clamped,
        };
        if made.clamped > 0 {
            log::warn!(
                "{} values lay outside of what the scale reaches; they became -128 or 127",
                made.clamped
            );
        }
        if self.json {
            return print_json(&made);
        }
        writeln!(
            io::stdout(),
            "{}: {} samples of {} values, {} classes, scale {}, zero point {}",
            made.file,
            made.samples,
            made.features,
            made.classes,
            made.scale,
            made.zero_point
        )?;
        Ok(())
    }
}
