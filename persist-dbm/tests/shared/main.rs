//! The shared form of the DBM backend: real server processes, real files, real kills.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod child;
mod failing;
mod hostile;
mod kills;
mod lost;
mod starting;
mod store;
mod subject;
mod together;
mod users;

persist_conformance::laws!(subject::Shared);
