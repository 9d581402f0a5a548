//! The PostgreSQL backend: one database for programs on many machines, readable with `psql`.
//!
//! A table with text keys and real values is a table with columns `text COLLATE "C"` and
//! `double precision`; a plainly named one has its own name. `__persist_registry` remembers exact
//! names, column types and codecs. Each schema is a store of its own. Tables that Ocsipersist has
//! made can be used in place: [`Options::ocsipersist`].
//!
//! ```no_run
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use persist_core::{Table, column::{Real, Text}};
//!
//! let store = persist_pgsql::Options::new().host("db").user("shop").open().await?;
//! let prices: Table<Text, Real> = store.table("prices").await?;
//! prices.insert("tea", 2.5).await?;
//! store.close().await
//! # }).unwrap();
//! ```
//!
//! # What it costs
//! | call | round trips |
//! | --- | --- |
//! | `get`, `count`, a page of a scan | 1; reads of many tasks share one |
//! | `insert`, `insert_if_absent`, `replace`, `remove`, a swap, alone | 1, its sync included; 1 more to tell what was found instead |
//! | inserts of many tasks into one table | 1 for all |
//! | any other group of commits | 3, and 1 or 2 for each table: gates, rows, writes, commit |
//! | opening a snapshot, and each read in it | 1 |
//! | connecting | 3, besides authentication |
//!
//! Reads by key are made on the runtime of who asks, if that has several threads and was built with
//! `enable_all`, as `#[tokio::main]` does; all else, on threads of the store's own. Code that blocks
//! such threads delays reads of that runtime, by up to a tenth of a second if they had not begun. On
//! one that has several threads but no sockets or clock, tokio reports one panic, of a task that
//! found that out; it does no harm unless panics abort the program.
//!
//! Connections: at most [`size_conn_pool`](Options::size_conn_pool), the
//! [`snapshots`](Options::snapshots) that are or were open, and one while somebody watches.
//!
//! # Limits
//! Those of [`persist_core::backend::limits`]. Nothing larger than a value, or 1 MiB, is built for
//! a page, a read or a group, here or on the server. A dropped table may have to wait for statements
//! that read it at the moment, a backup for example; past the acquire timeout that is `Busy`.
//!
//! # When the connection is lost
//! Reads are made again. A commit that was not sent yet is made again. One that was sent is asked
//! after by the number of its transaction, on a new connection, and its true end is told. The end
//! is [`Unknown`](persist_core::Outcome::Unknown) when the server was restarted meanwhile, since
//! it may then give the number to another transaction, and for what was one statement alone,
//! which has no number to ask for.
//!
//! # Other engines that speak its protocol
//! What is needed: `ON CONFLICT`, row locks, `REPEATABLE READ`, `MATERIALIZED`, window functions,
//! `unnest .. WITH ORDINALITY`, and advisory locks, which make commits serializable. Only
//! PostgreSQL itself is tested; the rest is what their documents say.
//!
//! | engine | what is missing | what to set, and what happens then |
//! | --- | --- | --- |
//! | PostgreSQL before 12 | `MATERIALIZED` | refused at open |
//! | a standby | writing | reads work; writes are `Config` errors that say so |
//! | `PgBouncer`, by transaction | settings, prepared statements and `LISTEN` of a session | [`pgbouncer`](Options::pgbouncer): each statement in a transaction with its settings; lost ends stay `Unknown`; changes are polled for |
//! | `PgBouncer`, by session | nothing | as PostgreSQL; its `ignore_startup_parameters` must have `extra_float_digits` |
//! | Amazon Aurora, AlloyDB, Neon | `fsync` says little there | as PostgreSQL; after a failover lost ends are `Unknown` |
//! | Citus | advisory locks hold on one node only | tables must not be distributed; on the coordinator, as PostgreSQL |
//! | `YugabyteDB` | advisory locks and `LISTEN` in older versions; the number of a transaction | [`listen(false)`](Options::listen) where there is no `LISTEN`; clashes are retried inside; lost ends stay `Unknown` |
//! | `CockroachDB` | advisory locks of a session, and in older versions all of them, are accepted and lock nothing; `LISTEN` | refused at open: absences and ranges would not be guarded |

mod backend;
mod cells;
mod check;
mod connection;
mod error;
mod gaps;
mod gates;
mod gather;
mod lane;
mod listen;
mod notice;
mod ocsipersist;
mod options;
mod packed;
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
