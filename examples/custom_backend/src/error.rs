//! From the system's errors to ours.

use std::io;

use persist_core::backend::TableHandle;
use persist_core::{Error, ErrorKind};

/// What the system reported of the log.
pub fn system(error: io::Error) -> Error {
    let (kind, message) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (ErrorKind::NoSpace, "the disk is full; make space and try again")
        }
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => (
            ErrorKind::Config,
            "the log cannot be opened; check its directory and the rights on it",
        ),
        _ => (ErrorKind::Backend, "the log could not be read or written"),
    };
    Error::new(kind, message).caused_by(error)
}

/// The file is not what this version writes.
pub fn corrupt(message: &str) -> Error {
    Error::new(ErrorKind::Corrupt, message)
}

/// A handle to a table that is no more.
pub fn dropped(table: &TableHandle) -> Error {
    Error::new(ErrorKind::NotFound, "the table was dropped; open it again to make a new one")
        .table(table.name())
}
