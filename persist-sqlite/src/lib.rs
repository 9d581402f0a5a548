//! The SQLite backend: one file, readable with the `sqlite3` shell, shared by several processes.
//!
//! Reads run on the caller's thread, on one of a few connections. Writes are queued to a thread
//! that owns the one writing connection; what waits together is written in one transaction and
//! synced once. Several processes may use one file; they meet at SQLite's locks, and nobody waits
//! for one on a runtime thread.
//!
//! A table with text keys and real values is a table with a `TEXT` and a `REAL` column; a plainly
//! named one has its own name. `__persist_tables` remembers exact names, column types and codecs.
//! Tables that Ocsipersist has made can be used in place: [`Options::ocsipersist`].
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let dir = tempfile::tempdir().unwrap();
//! use persist_core::{Table, column::{Real, Text}};
//!
//! let store = persist_sqlite::Options::new(dir.path().join("data.sqlite")).open().await?;
//! let prices: Table<Text, Real> = store.table("prices").await?;
//! prices.insert("tea", 2.5).await?;
//! store.close().await
//! # }).unwrap();
//! ```

mod anchor;
mod backend;
mod catalog;
mod cells;
mod commits;
mod connect;
mod durable;
mod error;
mod handles;
mod lane;
mod log;
mod ocsipersist;
mod options;
mod place;
mod pool;
mod read;
mod registry;
mod snapshot;
mod sql;
mod views;
mod writer;

pub use options::Options;

/// The programs of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/from-ocsipersist.md")]
struct FromOcsipersist;
