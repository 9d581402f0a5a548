//! The SQLite backend, tested on real files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod anchor;
mod bad;
mod dir;
mod ending;
mod exclusive;
mod log;
mod ocsipersist;
mod readable;
mod subject;
mod upstream;
mod waiting;

use dir::Dir;

persist_conformance::laws!(subject::Sqlite);
