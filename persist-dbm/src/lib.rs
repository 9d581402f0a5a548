//! The DBM backend.

mod backend;
mod options;
mod shared;

pub use options::Options;
pub use shared::{serve_here, serve_if_asked};
