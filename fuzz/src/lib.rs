//! What the fuzz targets have in common: the input's format, and a server to judge signatures.

pub mod input;
pub mod server;
