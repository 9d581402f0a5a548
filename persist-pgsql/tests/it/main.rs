//! The PostgreSQL backend, tested on a real server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bouncer;
mod changes;
mod collation;
mod crash;
mod gathered;
mod ocsipersist;
mod pages;
mod plans;
mod pool;
mod reference;
mod serial;
mod settings;
mod subject;
mod support;

persist_conformance::laws!(subject::Pgsql);
