//! The PostgreSQL backend, tested on a real server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod subject;

persist_conformance::laws!(subject::Pgsql);
