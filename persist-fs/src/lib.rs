//! Hierarchical keys on a directory of plain files.
mod base;
mod commit;
mod error;
mod health;
mod node;
mod offload;
mod open;
mod options;
mod own;
mod plan;
mod read;
mod recover;
mod seen;
mod shared;
mod step;
mod store;
mod view;
mod walk;
mod watch;
mod writer;

pub use options::Options;
