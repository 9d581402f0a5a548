//! The memory backend: ordered, atomic, with snapshots in constant time.
//!
//! For tests, caches and programs that need no persistence: what it holds goes with its last
//! handle. It obeys every law but those about surviving a process.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use persist_core::{Table, column::{Integer, Text}};
//!
//! let store = persist_mem::Options::new().open().await?;
//! let hits: Table<Text, Integer> = store.table("hits").await?;
//! assert_eq!(hits.update_or("/", 0, |n| n + 1).await?, 1);
//! # Ok::<_, persist_core::Error>(()) }).unwrap();
//! ```

mod backend;
mod options;
mod state;

pub use options::Options;
