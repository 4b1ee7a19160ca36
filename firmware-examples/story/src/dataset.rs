use std::path::Path;

use crate::error::expect;
use crate::folder::{Array, Folder};
use crate::plan::Plan;
use crate::training::{Training, rows};
use crate::{Error, graph};

/// A whole story, checked.
#[derive(Debug)]
pub struct Story {
    pub(crate) folder: Folder,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The shape of a sample.
    pub input_shape: Vec<usize>,
    /// The samples, one after the other.
    pub inputs: Vec<i8>,
    /// The class of each sample.
    pub labels: Vec<u8>,
    /// The number of features.
    pub features: usize,
    /// `real = (feature - zero point) · scale`.
    pub feature_scale: f32,
    /// See `feature_scale`.
    pub feature_zero_point: i8,
    /// The frozen layers.
    pub plan: Plan,
    /// The shipped head's kernel, `[feature, class]` row by row.
    pub kernel: Vec<f32>,
    /// The shipped head's bias.
    pub bias: Vec<f32>,
    /// Rows to fine-tune on, in the order of collection.
    pub finetune: Vec<u16>,
    /// Rows to test on.
    pub test: Vec<u16>,
    /// Rows to test for what the model knew before.
    pub source_test: Vec<u16>,
}

impl Story {
    /// Reads and checks everything but the training orders.
    pub fn open(path: impl AsRef<Path>) -> Result<Story, Error> {
        let folder = Folder::open(path.as_ref())?;
        let plan = graph::plan(&folder)?;
        let manifest = &folder.manifest;
        let classes: Vec<String> = manifest.classes.iter().map(|class| class.text()).collect();

        let inputs = folder.array("x.i8.bin", "int8")?;
        let labels = folder.array("y.u8.bin", "uint8")?;
        let samples = labels.bytes.len();
        let input_shape: Vec<usize> = manifest.input.shape.iter().map(|&n| n as usize).collect();
        let all: Vec<usize> = [&[samples][..], &input_shape].concat();
        inputs.expect_shape(&all)?;
        if let Some(at) = labels
            .bytes
            .iter()
            .position(|&y| usize::from(y) >= classes.len())
        {
            let expected = format!("a class below {}", classes.len());
            let what = format!("label {at}");
            return Err(Error::mismatch(
                &labels.path,
                what,
                expected,
                labels.bytes[at],
            ));
        }

        let features = manifest.feature.dim as usize;
        let kernel = folder.array("head0_w.f32.bin", "float32")?;
        let bias = folder.array("head0_b.f32.bin", "float32")?;
        kernel.expect_shape(&[features, classes.len()])?;
        bias.expect_shape(&[classes.len()])?;

        let group = |name: &str| rows(&folder.array(name, "uint16")?, samples);
        Ok(Story {
            classes,
            inputs: inputs.int8(),
            input_shape,
            features,
            feature_scale: manifest.feature.i8_scale as f32,
            // The plan checked that it is the last tensor's.
            feature_zero_point: manifest.feature.i8_zero_point as i8,
            plan,
            kernel: finite(&kernel)?,
            bias: finite(&bias)?,
            finetune: group("idx_finetune.u16.bin")?,
            test: group("idx_test.u16.bin")?,
            source_test: group("idx_source_test.u16.bin")?,
            labels: labels.bytes,
            folder,
        })
    }

    /// The folder that it came from.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What the story is about, in a line.
    pub fn title(&self) -> &str {
        &self.folder.manifest.title
    }

    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.labels.len()
    }

    /// The number of elements of a sample.
    pub fn input_len(&self) -> usize {
        self.input_shape.iter().product()
    }

    /// One of the training orders.
    pub fn training(&self, mode: &str) -> Result<Training, Error> {
        Training::read(&self.folder, mode, self.samples())
    }
}

fn finite(array: &Array) -> Result<Vec<f32>, Error> {
    let values = array.float32();
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(at) => {
            expect(
                &array.path,
                format_args!("element {at}, finite"),
                true,
                false,
            )?;
            Ok(values)
        }
    }
}
