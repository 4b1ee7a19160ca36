//! TensorFlow's own files, read and written again.

mod bundle;
mod convert;
mod corrupt;
mod events;
mod heads;
mod manager;
mod merge;
mod meta_graph;
mod object_graph;
mod records;
mod schedules;
mod slices;
mod state;
mod trajectories;
mod v1;
