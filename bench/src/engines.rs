//! The engines, a file each: ours, the raw engine, and what a user would pick instead.

mod dbm;
mod dbm_shared;
mod kv;
mod mem;
mod objects;
mod pgsql;
mod sqlite;
mod sqlite_exclusive;

use crate::entrant::Engine;

/// All engines, in the order in which they are measured.
pub fn all() -> Vec<Engine> {
    vec![
        mem::engine(),
        sqlite::engine(),
        sqlite_exclusive::engine(),
        kv::engine(),
        objects::engine(),
        dbm::engine(),
        dbm_shared::engine(),
        pgsql::engine(),
    ]
}
