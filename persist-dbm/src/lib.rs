//! The sled backend: a directory, no server to install.

mod acknowledged;
mod backend;
mod compact;
mod delayed;
mod directory;
mod disk;
mod engine;
mod error;
mod keys;
mod lane;
mod options;
mod pending;
mod read;
mod registry;
mod shared;
mod state;
mod tables;
mod values;
mod view;
mod writer;

pub use compact::{Compacted, compact};
pub use options::Options;
pub use shared::{serve_here, serve_if_asked};
