//! A backend to learn from: an append-only log file, replayed into memory when it is opened.
//!
//! `docs/writing-a-backend.md` grows it step by step. It keeps every law, and it is a real engine
//! for data that fits into memory: one write and one sync for each group of commits, reads that
//! wait for nobody, snapshots in constant time. What it lacks is an end to its growth: old records
//! stay in the file.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let dir = tempfile::tempdir().unwrap();
//! use persist_core::{Table, column::{Integer, Text}};
//!
//! let store = persist_custom_backend::Options::new(dir.path().join("hits.log")).open().await?;
//! let hits: Table<Text, Integer> = store.table("hits").await?;
//! assert_eq!(hits.update_or("/", 0, |n| n + 1).await?, 1);
//! # Ok::<_, persist_core::Error>(()) }).unwrap();
//! ```
//!
//! The rooms are public only so that the guide can use one while it shows the next.

pub mod backend;
pub mod change;
pub mod error;
pub mod log;
mod options;
pub mod record;
pub mod snapshot;
pub mod state;
pub mod writer;

pub use options::Options;

/// The guide, whose Rust blocks are tests of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/writing-a-backend.md")]
struct Guide;
