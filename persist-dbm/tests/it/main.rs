//! The sled backend, tested on real directories.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod subject;

persist_conformance::laws!(subject::Dbm);
