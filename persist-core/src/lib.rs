//! One key-value interface for Rust programs, any storage engine behind it.
//!
//! [`Persist`] is an open store. On it stand the front ends: [`Ref`], one value; [`Store`], named
//! values of different types; [`Table`], typed keys in order bound to typed values; [`Batch`],
//! writes to several tables at once; [`objects`], the stores of a repository; [`kv`], values in nested
//! dictionaries. Which engine stands below is chosen elsewhere: by a backend crate's `Options`, or by `persist-config`
//! from a TOML file. To add an engine, see [`backend`].

pub mod backend;
mod batch;
pub mod column;
mod durability;
pub mod engine;
mod error;
mod give_way;
mod keyed;
pub mod kv;
pub mod objects;
mod persist;
mod reference;
mod sizes;
mod store;
mod table;
mod transaction;
mod update;
mod variable;
mod watch;

pub use batch::{Batch, Committed};
pub use durability::Durability;
pub use error::{Error, ErrorKind, ErrorParts, Outcome, Result};
pub use persist::Persist;
pub use reference::Ref;
pub use sizes::TableSize;
pub use store::Store;
pub use table::{Entries, Entry, Pages, Polymorphic, Range, Swap, Table};
pub use transaction::{Tx, TxRange};
pub use variable::Variable;
pub use watch::{Change, Watch, WatchGuard, WatchValue};
