//! The laws of persist, as tests over any backend.
//!
//! Whoever implements [`Backend`](persist_core::backend::Backend) says how a store is opened:
//!
//! ```
//! // tests/it/subject.rs
//! use std::{path::Path, sync::Arc};
//! use persist_core::{Result, backend::Backend};
//!
//! pub struct Mem;
//!
//! impl persist_conformance::Subject for Mem {
//!     async fn open(_place: &Path) -> Result<Arc<dyn Backend>> {
//!         persist_mem::Options::new().backend().await
//!     }
//! }
//! ```
//!
//! and writes one line at the root of an integration test, which makes a test of every law,
//! `laws::family::law`:
//!
//! ```
//! // tests/it/main.rs
//! # mod subject {
//! #     use std::{path::Path, sync::Arc};
//! #     use persist_core::{Result, backend::Backend};
//! #     pub struct Mem;
//! #     impl persist_conformance::Subject for Mem {
//! #         async fn open(_place: &Path) -> Result<Arc<dyn Backend>> {
//! #             persist_mem::Options::new().backend().await
//! #         }
//! #     }
//! # }
//! # /*
//! mod subject;
//! # */
//!
//! persist_conformance::laws!(subject::Mem);
//! # fn main() {}
//! ```
//!
//! # The families
//! | family | what it holds a backend to |
//! | --- | --- |
//! | `visible` | an awaited write is seen by every later read |
//! | `durable` | what was acknowledged is there when the store is opened again |
//! | `atomic` | a batch is all or nothing, across tables |
//! | `isolated` | expectations and marks are judged with the writes |
//! | `read` | the contract of reading: marks, budgets, continuation |
//! | `scan` | the order of every column; any bounds, prefix, limit and direction |
//! | `steady` | iteration while others write |
//! | `snapshot` | one fixed state; `read` again, over it |
//! | `names` | any table name, none mistaken for another |
//! | `data` | any keys and values, up to the limits and not past them |
//! | `typed` | other columns and wrong bytes are told, never guessed at |
//! | `closed` | the end of a store |
//! | `honest` | outcomes that tell the truth; users' functions that fail or panic |
//! | `update` | updates are exact under any number of tasks |
//! | `store` | variables and their defaults |
//! | `transact` | transactions are serializable, listings and absences included |
//! | `watch` | a watcher gets every settled last state |
//! | `kv` | hierarchical keys, in the tables of the store |
//! | `objects` | the stores of a repository, point by point of Irmin's guide |
//! | `hints` | at least one hint for every change |
//! | `cancel` | dropping a future at any moment disturbs nobody |
//! | `runtime` | every kind of runtime, and none |
//! | `processes` | several processes on one store |
//! | `crash` | children killed with `kill -9` under load |
//!
//! # Hierarchical keys
//! Whoever implements a [`KvStore`](persist_core::kv::KvStore) instead says how it is opened
//! ([`KvSubject`]), and writes [`kv_laws!`]; the tests are `laws::kv::law`, the same as those of the
//! family `kv` above.
//!
//! # What does not apply
//! A law is n/a only where this crate's one table says so (memory does not survive a process),
//! never by a backend's own word. Laws about processes start the test binary again: `laws::child`
//! is their entry point, and a test that passes at once when it is run by itself.
//!
//! # Settings
//! All come from the environment: `PERSIST_LAWS_REPORT` names a file to which each law appends a
//! line of JSON; `PERSIST_LAWS_SEED` repeats the random choices of a failure, which prints its
//! seed; `PERSIST_LAWS_PATIENCE` is after how many seconds a law counts as hanging (400);
//! `PERSIST_CRASH_ROUNDS` how often the laws of `crash` kill (20).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "this crate is tests: a panic is how a law says that it was broken"
)]

mod aid;
mod applies;
mod child;
mod kv;
pub mod laws;
mod place;
mod report;
mod run;
mod subject;
mod table;

pub use child::{child, kv_child};
pub use kv::{KvSubject, OnTable};
pub use place::Place;
pub use run::{Case, Ending, run, verdict};
pub use subject::Subject;
