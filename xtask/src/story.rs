//! A story's folder, as far as the demo compares with it: features, labels, and TensorFlow's result.
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A story's folder.
#[derive(Debug)]
pub struct Story {
    folder: PathBuf,
    manifest: Value,
}

/// The head of a model: a dense layer, and Adam's two slots of each variable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// The weights and the bias.
    pub variables: [Vec<f32>; 2],
    /// The first and second moments of the weights, then of the bias.
    pub slots: [Vec<f32>; 4],
}

impl Story {
    /// The story in a folder.
    ///
    /// # Errors
    /// If there is no such folder or its manifest cannot be read.
    pub fn open(folder: &Path) -> Result<Self> {
        let folder = fs::canonicalize(folder)
            .with_context(|| format!("there is no story folder {}", folder.display()))?;
        let manifest = folder.join("manifest.json");
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("cannot read {}", manifest.display()))?;
        let manifest =
            serde_json::from_str(&text).with_context(|| format!("in {}", manifest.display()))?;
        Ok(Self { folder, manifest })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder's name.
    pub fn name(&self) -> String {
        self.folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// The story's title.
    pub fn title(&self) -> &str {
        self.manifest["title"]
            .as_str()
            .unwrap_or("a story without a title")
    }

    /// What TensorFlow made of the head with the backbone's int8 features in a training order.
    ///
    /// # Errors
    /// If the story has no such order.
    pub fn reference(&self, mode: &str) -> Result<Head> {
        let part = |name: &str| self.floats(&format!("ref_{mode}_i8_{name}.f32.bin"));
        Ok(Head {
            variables: [part("w")?, part("b")?],
            slots: [part("mw")?, part("vw")?, part("mb")?, part("vb")?],
        })
    }

    /// How many test samples two heads classify differently.
    ///
    /// # Errors
    /// If a file of the story is missing or has another size than the heads ask for.
    pub fn prediction_differences(&self, one: &Head, other: &Head) -> Result<usize> {
        let features = self.bytes("feat_i8.bin")?;
        let number = |key: &str| {
            let value = self.manifest["feature"][key].as_f64();
            value.with_context(|| format!("the manifest has no feature.{key}"))
        };
        let (dim, scale, zero) = (
            number("dim")? as usize,
            number("i8_scale")?,
            number("i8_zero_point")?,
        );
        let mut differences = 0;
        for row in self.indices("idx_test.u16.bin")? {
            let row = features
                .get(row * dim..(row + 1) * dim)
                .context("feat_i8.bin is too short")?;
            let x: Vec<f64> = row
                .iter()
                .map(|&byte| (f64::from(byte as i8) - zero) * scale)
                .collect();
            differences += usize::from(one.class(&x)? != other.class(&x)?);
        }
        Ok(differences)
    }

    /// The samples that a training order uses, in the order of their first use: of each the class,
    /// then the model's input.
    ///
    /// # Errors
    /// If the story has no such order, or an order names a sample that there is not.
    pub fn samples(&self, mode: &str) -> Result<Vec<Vec<u8>>> {
        let (inputs, labels) = (self.bytes("x.i8.bin")?, self.bytes("y.u8.bin")?);
        let length = inputs.len() / labels.len().max(1);
        let mut rows: Vec<usize> = Vec::new();
        for row in self.indices(&format!("steps_{mode}.u16.bin"))? {
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        let sample = |row: usize| {
            let label = labels.get(row).context("y.u8.bin is too short")?;
            let input = inputs.get(row * length..(row + 1) * length);
            let input = input.context("x.i8.bin is too short")?;
            Ok([&[*label], input].concat())
        };
        rows.into_iter().map(sample).collect()
    }

    fn floats(&self, name: &str) -> Result<Vec<f32>> {
        Ok(floats(&self.bytes(name)?))
    }

    fn indices(&self, name: &str) -> Result<Vec<usize>> {
        let bytes = self.bytes(name)?;
        Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|pair| u16::from_le_bytes(*pair).into())
            .collect())
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.folder.join(name);
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    }
}

impl Head {
    /// The largest difference to another head's weights and bias.
    pub fn difference_of_variables(&self, other: &Self) -> Result<f32> {
        difference(&self.variables, &other.variables)
    }

    /// The largest difference to another head's slots.
    pub fn difference_of_slots(&self, other: &Self) -> Result<f32> {
        difference(&self.slots, &other.slots)
    }

    fn class(&self, features: &[f64]) -> Result<usize> {
        let [weights, bias] = &self.variables;
        ensure!(
            weights.len() == features.len() * bias.len(),
            "the head has other sizes than the features"
        );
        let mut logits: Vec<f64> = bias.iter().map(|&bias| bias.into()).collect();
        for (x, weights) in features.iter().zip(weights.chunks(bias.len())) {
            for (logit, &weight) in logits.iter_mut().zip(weights) {
                *logit += x * f64::from(weight);
            }
        }
        let best = (0..logits.len())
            .rev()
            .max_by(|&one, &other| logits[one].total_cmp(&logits[other]));
        best.context("the head has no classes")
    }
}

/// Little-endian numbers.
pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|four| f32::from_le_bytes(*four))
        .collect()
}

fn difference(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> Result<f32> {
    let mut largest = 0.0_f32;
    for (ours, theirs) in ours.iter().zip(theirs) {
        ensure!(
            ours.len() == theirs.len(),
            "{} numbers, but TensorFlow has {}",
            ours.len(),
            theirs.len()
        );
        for (one, other) in ours.iter().zip(theirs) {
            let apart = (one - other).abs();
            // NaN compares as nothing, and stays once it is there.
            if !largest.is_nan() && (apart > largest || apart.is_nan()) {
                largest = apart;
            }
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_is_not_a_number_is_not_within_any_bound() {
        let ours = [vec![1.0, f32::NAN, 2.0]];
        assert!(difference(&ours, &[vec![1.0, 1.0, 2.0]]).unwrap().is_nan());
        assert_eq!(
            difference(&[vec![1.0, 2.5]], &[vec![1.5, 2.5]]).unwrap(),
            0.5
        );
        assert!(difference(&[vec![1.0]], &[vec![1.0, 2.0]]).is_err());
    }
}
