//! The PostgreSQL backend.

mod backend;
mod cells;
mod check;
mod connection;
mod error;
mod gates;
mod gather;
mod lane;
mod listen;
mod notice;
mod ocsipersist;
mod options;
mod pool;
mod read;
mod registry;
mod runtime;
mod snapshot;
mod sql;
mod tables;
mod work;
mod writer;

pub use options::{Options, Tls};
