//! The targets, a file a format.

mod bundle;
mod checkpoint;
mod defmt_frames;
mod flash;
mod flash_image;
mod messages;
mod records;
mod samples;
mod table;
mod telemetry;
mod tensors;
mod transport;
mod v1;

pub use bundle::{bundle, parts};
pub use checkpoint::checkpoint;
pub use defmt_frames::defmt_frames;
pub use flash::{CONTROL, flash};
pub use flash_image::flash_image;
pub use messages::{example, mapping, meta_graph, object_graph, state};
pub use records::records;
pub use samples::samples;
pub use table::table;
pub use telemetry::telemetry;
pub use tensors::{npz, safetensors};
pub use transport::transport;
pub use v1::v1;
