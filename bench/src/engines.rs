//! The engines, a file each: ours, the raw engine, and what a user would pick instead.

mod dbm;
mod mem;
mod pgsql;
mod sqlite;

use crate::entrant::Engine;

/// All engines, in the order in which they are measured.
pub fn all() -> Vec<Engine> {
    vec![mem::engine(), sqlite::engine(), dbm::engine(), pgsql::engine()]
}
