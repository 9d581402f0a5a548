//! The DBM backend: a directory, no server to install, on the embedded engine
//! [sled](https://docs.rs/sled/0.34.7).
//!
//! Short reads run on the caller's thread. Writes are queued to a thread of the store; what waits
//! together is one group, flushed and synced once. A store belongs to one process; a second one
//! is `Busy`, and told what to do: with [`shared`](Options::shared), it belongs to a small server
//! that starts and stops by itself, and several processes use it through that.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let dir = tempfile::tempdir().unwrap();
//! use persist_core::{Table, column::{Real, Text}};
//!
//! let store = persist_dbm::Options::new(dir.path().join("store")).open().await?;
//! let prices: Table<Text, Real> = store.table("prices").await?;
//! prices.insert("tea", 2.5).await?;
//! store.close().await
//! # }).unwrap();
//! ```
//!
//! # What is durable
//! With full durability an acknowledged write has been flushed by sled and then synced by us, since
//! sled itself only asks for `sync_file_range` on Linux, which does not reach through the cache of
//! a disk. What we cannot mend is that sled uses space again on the word of `sync_file_range`: on a
//! disk with a volatile cache, a loss of power may damage a store. `kill -9` cannot. Where power
//! fails and disks lie, take SQLite.
//!
//! With relaxed durability, killing the process loses the writes since the last flush, all of them
//! or the last ones; batches stay whole. A flush comes every
//! [`flush_interval`](Options::flush_interval).
//!
//! # When files are damaged
//! sled opens a store whose log is damaged as it was some time before, and says nothing. So this
//! backend counts its groups of writes, keeps the number of the last one that was acknowledged in
//! a file beside sled's, and refuses with `Corrupt` a store that has fewer. Where sled panics on
//! what it reads, the panic ends here and is `Corrupt`, too (in a program that unwinds: with
//! `panic = "abort"` it ends the program). sled writes what it panics about to the standard error,
//! and keys and values to the `log` at level `trace`. There is no repair: keep copies of the whole
//! directory, made while no process has it.
//!
//! # Which sled, and why
//! Version 0.34.7. It is old and no longer changed; its successor, 1.0, is an alpha that was
//! measured at 4,000 flushed writes a second by 64 tasks where this one made 139,000 (without the
//! sync that we add). What was found here:
//!
//! - **Crashes.** The laws of `crash` in 50 rounds each, and kills within relaxed writes, dropped
//!   tables and compactions: nothing acknowledged was lost, nothing torn.
//! - **Damage.** 1,500 copies of a store with a flipped bit, a zeroed block or a cut log: none
//!   hung, none showed anything older or less. Without the count of groups, 4 of 10 did.
//! - **Deadlock.** Several `flush_async` at once wait for each other for good
//!   (spacejam/sled#1308). There is one flush at a time here, and 256 writers do not hang.
//! - **Another deadlock.** Relaxed writes faster than the disk once stopped all of sled's threads for
//!   good: they wait for a lock whose owner waits for one of them. So what is not flushed is kept
//!   below half a MiB here. One batch of many MiB is beyond that care.
//! - **Backward.** sled's iteration from the end loops and panics where a page of keys begins with
//!   five `ff` in a row, as with small negative numbers; keys are stored so that none has four.
//! - **One lock for all.** While a batch is applied, all readers of all sled databases of the
//!   process wait. So reads that find it so leave the caller's thread. Large batches, and clearing
//!   a large table (2 s for 100,000 rows), hold readers up for as long.
//! - **Memory.** 100,000 rows of 116 bytes took 45 MB with a cache of 64 MiB. A value of 64 MiB
//!   takes several times its size while it is written.
//! - **Opening** files of 34 MB took 0.03 to 0.08 s after a close, and 0.15 s after a kill.
//!
//! # How files grow
//! Files are about three times as large as what is in them: those 100,000 rows (12 MB) took 28 MB,
//! and 34 MB after they had been written over three times. sled uses the space of what was written
//! over or removed again, but does not give it back, so a store that was large once stays so.
//! [`compact`] copies what is left to new files while nobody has it open. Rows of a dropped table go
//! away bit by bit, while the store is open.
//!
//! # Snapshots
//! While a snapshot is open, what is written over is kept in memory: about 100 bytes a row, the key
//! twice, and the old value, once between two snapshots. [`Options`] limits how many may be open,
//! for how long, and how much is kept for them. A read of many rows is a snapshot of its own for
//! as long as it takes.
//!
//! # Shared by processes
//! The first program that opens a shared store starts the server: `persist-dbmd`, a program of this
//! crate, or the program itself if it begins with [`serve_if_asked`]. The server leaves when it has
//! had no clients for a while. When it is killed, the next call starts another one; a write that
//! was under way is sent again and applied once, and an iteration over a snapshot is `Unavailable`.
//! `docs/shared-stores.md` says what holds when, what it costs, and what the protocol is.
//!
//! ```no_run
//! persist_dbm::serve_if_asked();
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let store = persist_dbm::Options::new("data/store").shared(true).open().await?;
//! # store.close().await
//! # }).unwrap();
//! ```
//!
//! `docs/formats.md` says what is in the files.

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
