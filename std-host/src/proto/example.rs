//! `example.proto` and `feature.proto`.

/// A sample: named features (`tf.train.Example`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Example {
    /// The features.
    #[prost(message, optional, tag = "1")]
    pub features: Option<Features>,
}

/// A sample with features of its own and features that form sequences
/// (`tf.train.SequenceExample`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SequenceExample {
    /// Features of the whole sample.
    #[prost(message, optional, tag = "1")]
    pub context: Option<Features>,
    /// Features with a value a step.
    #[prost(message, optional, tag = "2")]
    pub feature_lists: Option<FeatureLists>,
}

/// Features by name (`tf.train.Features`); a map, kept in the order of the file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Features {
    /// The entries; of several with one name the last counts.
    #[prost(message, repeated, tag = "1")]
    pub feature: Vec<FeatureEntry>,
}

/// One entry of [`Features`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct FeatureEntry {
    /// Name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Values.
    #[prost(message, optional, tag = "2")]
    pub value: Option<Feature>,
}

/// Values of one feature (`tf.train.Feature`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Feature {
    /// The values; absent in a feature that says nothing.
    #[prost(oneof = "feature::Kind", tags = "1, 2, 3")]
    pub kind: Option<feature::Kind>,
}

/// Kinds of feature values.
pub mod feature {
    /// Values of a feature.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Kind {
        /// Byte strings.
        #[prost(message, tag = "1")]
        BytesList(super::BytesList),
        /// Floating-point numbers.
        #[prost(message, tag = "2")]
        FloatList(super::FloatList),
        /// Integers.
        #[prost(message, tag = "3")]
        Int64List(super::Int64List),
    }
}

/// Byte strings (`tf.train.BytesList`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct BytesList {
    /// The strings.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub value: Vec<Vec<u8>>,
}

/// Floating-point numbers (`tf.train.FloatList`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct FloatList {
    /// The numbers.
    #[prost(float, repeated, tag = "1")]
    pub value: Vec<f32>,
}

/// Integers (`tf.train.Int64List`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Int64List {
    /// The integers.
    #[prost(int64, repeated, tag = "1")]
    pub value: Vec<i64>,
}

/// Sequences by name (`tf.train.FeatureLists`); a map, kept in the order of the file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FeatureLists {
    /// The entries; of several with one name the last counts.
    #[prost(message, repeated, tag = "1")]
    pub feature_list: Vec<FeatureListEntry>,
}

/// One entry of [`FeatureLists`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct FeatureListEntry {
    /// Name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Steps.
    #[prost(message, optional, tag = "2")]
    pub value: Option<FeatureList>,
}

/// A feature with a value a step (`tf.train.FeatureList`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct FeatureList {
    /// The steps.
    #[prost(message, repeated, tag = "1")]
    pub feature: Vec<Feature>,
}
