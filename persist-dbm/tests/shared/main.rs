//! The shared form of the DBM backend: real server processes, real files, real kills.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod child;
mod lost;
mod starting;
mod store;
mod subject;

persist_conformance::laws!(subject::Shared);
