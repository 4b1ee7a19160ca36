//! Drivers that boards share. A board's module picks from them.
pub mod cmsdk_uart;
pub mod host_file;
pub mod ram_flash;
pub(crate) mod semihost;
