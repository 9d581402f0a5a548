//! The store of files, tested on real ones.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bad;
mod child;
mod crash;
mod dir;
mod foreign;
mod keys;
mod outside;
mod plain;
mod space;
mod subject;
mod together;
mod watching;

use dir::Dir;

persist_conformance::kv_laws!(subject::Fs);
