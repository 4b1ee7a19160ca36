//! Samples as `tf.train.Example` and `tf.train.SequenceExample`, the usual content of TFRecord
//! files.
//!
//! ```
//! use gradlet_host::example::{Example, Feature};
//! use gradlet_host::records::{RecordReader, RecordWriter};
//!
//! let mut writer = RecordWriter::new(Vec::new());
//! let sample = Example::new()
//!     .with("x", Feature::floats([0.5, -1.0]))
//!     .with("label", Feature::ints([3]));
//! writer.write(&sample.to_bytes())?;
//! let file = writer.into_inner();
//!
//! let mut reader = RecordReader::new(file.as_slice());
//! let record = reader.next_record()?.expect("one record was written");
//! let sample = Example::from_bytes(record)?;
//! assert_eq!(sample.feature("x").and_then(Feature::as_floats), Some(&[0.5, -1.0][..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use prost::Message as _;

pub use crate::proto::example::feature::Kind;
pub use crate::proto::example::{
    BytesList, Example, Feature, FeatureEntry, FeatureList, FeatureListEntry, FeatureLists,
    Features, FloatList, Int64List, SequenceExample,
};

/// A record that is not the message it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this record is no {message}: {reason}; was it written by another program?")]
pub struct NotAnExample {
    message: &'static str,
    reason: String,
}

impl NotAnExample {
    fn new(message: &'static str) -> impl FnOnce(prost::DecodeError) -> NotAnExample {
        move |error| NotAnExample {
            message,
            reason: error.to_string(),
        }
    }
}

impl Example {
    /// A sample without features.
    pub fn new() -> Example {
        Example {
            features: Some(Features::default()),
        }
    }

    /// The sample with one more feature; features are kept in the order of their names, as
    /// TensorFlow writes them.
    #[must_use]
    pub fn with(mut self, name: &str, feature: Feature) -> Example {
        self.features.get_or_insert_default().insert(name, feature);
        self
    }

    /// The feature with this name.
    pub fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.as_ref()?.get(name)
    }

    /// Decodes a record.
    ///
    /// # Errors
    /// The record is no such message.
    pub fn from_bytes(record: &[u8]) -> Result<Example, NotAnExample> {
        Example::decode(record).map_err(NotAnExample::new("tf.train.Example"))
    }

    /// The record to write.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

impl SequenceExample {
    /// Decodes a record.
    ///
    /// # Errors
    /// The record is no such message.
    pub fn from_bytes(record: &[u8]) -> Result<SequenceExample, NotAnExample> {
        SequenceExample::decode(record).map_err(NotAnExample::new("tf.train.SequenceExample"))
    }

    /// The record to write.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    /// The steps of the sequence with this name.
    pub fn feature_list(&self, name: &str) -> Option<&[Feature]> {
        let lists = &self.feature_lists.as_ref()?.feature_list;
        let entry = lists.iter().rev().find(|entry| entry.key == name)?;
        entry.value.as_ref().map(|list| list.feature.as_slice())
    }
}

impl Features {
    /// The feature with this name.
    pub fn get(&self, name: &str) -> Option<&Feature> {
        self.feature
            .iter()
            .rev()
            .find(|entry| entry.key == name)?
            .value
            .as_ref()
    }

    /// Sets the feature with this name; new ones go where the order of names puts them.
    pub fn insert(&mut self, name: &str, feature: Feature) {
        let value = Some(feature);
        match self
            .feature
            .iter_mut()
            .rev()
            .find(|entry| entry.key == name)
        {
            Some(entry) => entry.value = value,
            None => {
                let place = self
                    .feature
                    .partition_point(|entry| entry.key.as_str() < name);
                self.feature.insert(
                    place,
                    FeatureEntry {
                        key: name.to_owned(),
                        value,
                    },
                );
            }
        }
    }
}

impl Feature {
    /// Byte strings (`tf.train.BytesList`).
    pub fn bytes<B: Into<Vec<u8>>>(values: impl IntoIterator<Item = B>) -> Feature {
        let value = values.into_iter().map(Into::into).collect();
        Feature {
            kind: Some(Kind::BytesList(BytesList { value })),
        }
    }

    /// Floating-point numbers (`tf.train.FloatList`).
    pub fn floats(values: impl IntoIterator<Item = f32>) -> Feature {
        let value = values.into_iter().collect();
        Feature {
            kind: Some(Kind::FloatList(FloatList { value })),
        }
    }

    /// Integers (`tf.train.Int64List`).
    pub fn ints(values: impl IntoIterator<Item = i64>) -> Feature {
        let value = values.into_iter().collect();
        Feature {
            kind: Some(Kind::Int64List(Int64List { value })),
        }
    }

    /// The byte strings, if the feature holds such.
    pub fn as_bytes(&self) -> Option<&[Vec<u8>]> {
        match &self.kind {
            Some(Kind::BytesList(list)) => Some(&list.value),
            _ => None,
        }
    }

    /// The floating-point numbers, if the feature holds such.
    pub fn as_floats(&self) -> Option<&[f32]> {
        match &self.kind {
            Some(Kind::FloatList(list)) => Some(&list.value),
            _ => None,
        }
    }

    /// The integers, if the feature holds such.
    pub fn as_ints(&self) -> Option<&[i64]> {
        match &self.kind {
            Some(Kind::Int64List(list)) => Some(&list.value),
            _ => None,
        }
    }
}
