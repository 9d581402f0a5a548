//! From SQLite's errors to ours.

use persist_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// What SQLite reported, for people.
pub(crate) fn engine(error: rusqlite::Error) -> Error {
    let (kind, message) = match &error {
        rusqlite::Error::SqliteFailure(failure, detail) => {
            let detail = detail.as_deref().unwrap_or_default();
            match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => (
                    ErrorKind::Busy,
                    "another process held the file for longer than `busy_timeout`; try again, or raise it",
                ),
                ErrorCode::DiskFull => {
                    (ErrorKind::NoSpace, "the disk is full; make space and try again")
                }
                ErrorCode::NotADatabase => (
                    ErrorKind::Corrupt,
                    "this is not a SQLite database; check the path, or restore a copy",
                ),
                ErrorCode::DatabaseCorrupt => (
                    ErrorKind::Corrupt,
                    "the database is damaged; restore a copy, or try `sqlite3 FILE .recover`",
                ),
                ErrorCode::ReadOnly => (
                    ErrorKind::Config,
                    "the database cannot be written; check the rights of the file and its directory",
                ),
                ErrorCode::CannotOpen | ErrorCode::PermissionDenied => (
                    ErrorKind::Config,
                    "the database cannot be opened; check that the file exists and the rights on it",
                ),
                _ if detail.starts_with("no such table") => {
                    (ErrorKind::NotFound, "the table was dropped; open it again to make a new one")
                }
                _ => (ErrorKind::Backend, "SQLite failed"),
            }
        }
        _ => (ErrorKind::Backend, "SQLite failed"),
    };
    Error::new(kind, message).caused_by(error)
}

/// Whether somebody else is in the way, so that trying again may help.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
