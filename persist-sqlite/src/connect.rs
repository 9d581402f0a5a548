//! Opening connections, and waiting for other processes.

use std::fs::OpenOptions;
use std::io::ErrorKind as IoKind;
use std::os::unix::fs::OpenOptionsExt;
use std::thread;
use std::time::{Duration, Instant};

use persist_core::{Durability, Error, ErrorKind, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::Options;
use crate::error::{engine, is_busy};

/// Statements that a connection keeps prepared. Each table takes up to a dozen.
const STATEMENTS: usize = 256;

/// The log is cut to this size when it begins anew: 96 MiB, which is more than it usually has: to
/// grow it again costs more than to write over it.
const LOG_LIMIT: i64 = 96 << 20;

/// Checks the path and creates the file if it shall be created.
pub(crate) fn prepare_file(options: &Options) -> Result<()> {
    let file = &options.file;
    if file.is_dir() {
        return Err(config("it is a directory; name a file in it"));
    }
    if file.exists() {
        return Ok(());
    }
    if options.read_only || !options.create {
        return Err(config("it does not exist, and the settings forbid to create it"));
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(()),
        // Another process was faster.
        Err(error) if error.kind() == IoKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == IoKind::NotFound => {
            Err(config("its directory does not exist; create the directory first").caused_by(error))
        }
        Err(error) => {
            Err(config("it cannot be created; check the rights of its directory").caused_by(error))
        }
    }
}

/// A connection for reading.
pub(crate) fn reader(options: &Options) -> Result<Connection> {
    let connection = connect(options)?;
    pragma(&connection, options, "query_only", true)?;
    Ok(connection)
}

/// The connection for writing, on a database that is ready for use.
pub(crate) fn writer(options: &Options) -> Result<Connection> {
    let connection = connect(options)?;
    check_encoding(&connection, options)?;
    if options.read_only {
        return Ok(connection);
    }
    let mode: String = patiently(options.busy_timeout, || {
        connection.query_row("PRAGMA journal_mode = wal", [], |row| row.get(0))
    })?;
    if mode != "wal" {
        return Err(config("its file system cannot hold a write-ahead log"));
    }
    // The thread that writes also decides when the log is emptied.
    pragma(&connection, options, "wal_autocheckpoint", 0)?;
    pragma(&connection, options, "journal_size_limit", LOG_LIMIT)?;
    let synchronous = match options.durability.unwrap_or_default() {
        Durability::Full => "full",
        Durability::Relaxed => "normal",
    };
    pragma(&connection, options, "synchronous", synchronous)?;
    Ok(connection)
}

/// Runs a statement that takes nothing and gives nothing.
pub(crate) fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

/// Calls `work` until it is not refused because of somebody else, for at most `patience`. Sleeps,
/// so it must not be called on a runtime thread.
pub(crate) fn patiently<T>(
    patience: Duration,
    mut work: impl FnMut() -> rusqlite::Result<T>,
) -> Result<T> {
    const FIRST: Duration = Duration::from_micros(50);
    const LAST: Duration = Duration::from_millis(5);
    let begin = Instant::now();
    let mut pause = FIRST;
    loop {
        match work() {
            Err(error) if is_busy(&error) && begin.elapsed() < patience => {
                thread::sleep(pause.min(patience.saturating_sub(begin.elapsed())));
                pause = (pause * 2).min(LAST);
            }
            done => return done.map_err(engine),
        }
    }
}

fn connect(options: &Options) -> Result<Connection> {
    let access = if options.read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    // A connection is used by one thread at a time, so SQLite need not lock it.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.file, flags).map_err(engine)?;
    connection.busy_timeout(Duration::ZERO).map_err(engine)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it, SQLite plans a page's statement anew for each limit.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(engine)?;
    let kibibytes = i64::try_from(options.cache_size.as_u64() / 1024).unwrap_or(i64::MAX);
    pragma(&connection, options, "cache_size", -kibibytes)?;
    pragma(
        &connection,
        options,
        "mmap_size",
        i64::try_from(options.mmap_size.as_u64()).unwrap_or(i64::MAX),
    )?;
    Ok(connection)
}

/// Text in another encoding would sort in another order.
fn check_encoding(connection: &Connection, options: &Options) -> Result<()> {
    let encoding: String = patiently(options.busy_timeout, || {
        connection.query_row("PRAGMA encoding", [], |row| row.get(0))
    })?;
    if encoding == "UTF-8" {
        return Ok(());
    }
    Err(config(format!("its text encoding is {encoding}, and must be UTF-8")))
}

/// Sets a pragma. Even that may meet a process that is making or closing the file.
fn pragma(
    connection: &Connection,
    options: &Options,
    name: &str,
    value: impl rusqlite::ToSql,
) -> Result<()> {
    // Some pragmas answer with a row, which is of no interest.
    patiently(options.busy_timeout, || {
        match connection.pragma_update_and_check(None, name, &value, |_| Ok(())) {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
            set => set,
        }
    })
}

fn config(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, why)
}
