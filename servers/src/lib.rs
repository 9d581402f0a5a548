//! Private, real servers: each in a temporary directory, with its own data, gone with its owner.
//!
//! ```no_run
//! # fn main() -> persist_servers::Result<()> {
//! let server = persist_servers::Postgres::start()?;
//! assert_eq!(server.psql("SELECT 1")?, "1");
//! server.kill()?;
//! server.restart()?;
//! # Ok(())
//! # }
//! ```
//!
//! A server ends when its handle is dropped, and also when the process that holds the handle dies,
//! whatever kills it; its directory is removed in both cases. Linux only: processes are looked up
//! in `/proc`.
//!
//! A program that is not installed is an error with the command that installs it. No function here
//! leaves anything out for want of a program.

mod account;
mod error;
mod install;
mod keeper;
mod place;
mod port;
mod postgres;
mod processes;
mod programs;
mod redis;
mod server;

pub use error::{Error, Result};
pub use postgres::{Builder as PostgresBuilder, Postgres};
pub use redis::{Builder as RedisBuilder, Fsync, Redis};
pub use server::Server;
