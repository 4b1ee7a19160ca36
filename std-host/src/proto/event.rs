//! `event.proto`, `summary.proto` and `histogram.proto`: what tfevents files hold.

use super::tensor::TensorProto;

/// One record of a tfevents file (`Event`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Training step.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// What happened.
    #[prost(oneof = "kind::What", tags = "3, 4, 5, 6, 7, 8, 9")]
    pub what: Option<kind::What>,
    /// Which program wrote the file; in its first record only.
    #[prost(message, optional, tag = "10")]
    pub source_metadata: Option<SourceMetadata>,
}

/// Contents of events.
pub mod kind {
    /// What an event says.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum What {
        /// The version of the file format, in the first record.
        #[prost(string, tag = "3")]
        FileVersion(String),
        /// An encoded `GraphDef`.
        #[prost(bytes = "vec", tag = "4")]
        GraphDef(Vec<u8>),
        /// Scalars, histograms and other values.
        #[prost(message, tag = "5")]
        Summary(super::Summary),
        /// An encoded `LogMessage`.
        #[prost(bytes = "vec", tag = "6")]
        LogMessage(Vec<u8>),
        /// An encoded `SessionLog`.
        #[prost(bytes = "vec", tag = "7")]
        SessionLog(Vec<u8>),
        /// An encoded `TaggedRunMetadata`.
        #[prost(bytes = "vec", tag = "8")]
        TaggedRunMetadata(Vec<u8>),
        /// An encoded `MetaGraphDef`.
        #[prost(bytes = "vec", tag = "9")]
        MetaGraphDef(Vec<u8>),
    }
}

/// Which program wrote a file (`SourceMetadata`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SourceMetadata {
    /// Its name.
    #[prost(string, tag = "1")]
    pub writer: String,
}

/// Values logged together (`Summary`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Summary {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<SummaryValue>,
}

/// One logged value (`Summary.Value`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SummaryValue {
    /// Name of the series.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// Name of the node that computed it.
    #[prost(string, tag = "7")]
    pub node_name: String,
    /// The value.
    #[prost(oneof = "summary_value::Value", tags = "2, 3, 4, 5, 6, 8")]
    pub value: Option<summary_value::Value>,
    /// What it means, for dashboards.
    #[prost(message, optional, tag = "9")]
    pub metadata: Option<SummaryMetadata>,
}

/// Kinds of logged values.
pub mod summary_value {
    /// A logged value.
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Value {
        /// A scalar, in files of version 1.
        #[prost(float, tag = "2")]
        SimpleValue(f32),
        /// An encoded histogram of an old form.
        #[prost(bytes = "vec", tag = "3")]
        ObsoleteOldStyleHistogram(Vec<u8>),
        /// An encoded `Summary.Image`.
        #[prost(bytes = "vec", tag = "4")]
        Image(Vec<u8>),
        /// A histogram, in files of version 1.
        #[prost(message, tag = "5")]
        Histo(super::HistogramProto),
        /// An encoded `Summary.Audio`.
        #[prost(bytes = "vec", tag = "6")]
        Audio(Vec<u8>),
        /// A tensor: every kind of value in files of version 2.
        #[prost(message, boxed, tag = "8")]
        Tensor(Box<super::TensorProto>),
    }
}

/// What a logged value means (`SummaryMetadata`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SummaryMetadata {
    /// Which dashboard shows it.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<PluginData>,
    /// Name to display in place of the tag.
    #[prost(string, tag = "2")]
    pub display_name: String,
    /// Description, in Markdown.
    #[prost(string, tag = "3")]
    pub summary_description: String,
    /// Number of the class of data; 0 if not said.
    #[prost(int32, tag = "4")]
    pub data_class: i32,
}

/// Which dashboard shows a value (`SummaryMetadata.PluginData`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct PluginData {
    /// `scalars`, `histograms`, `text`, …
    #[prost(string, tag = "1")]
    pub plugin_name: String,
    /// What the dashboard wants to know.
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

/// A histogram (`HistogramProto`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct HistogramProto {
    /// Least value.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// Greatest value.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// Number of values.
    #[prost(double, tag = "3")]
    pub num: f64,
    /// Their sum.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// The sum of their squares.
    #[prost(double, tag = "5")]
    pub sum_squares: f64,
    /// Upper end of each bucket.
    #[prost(double, repeated, tag = "6")]
    pub bucket_limit: Vec<f64>,
    /// Number of values in each bucket.
    #[prost(double, repeated, tag = "7")]
    pub bucket: Vec<f64>,
}
