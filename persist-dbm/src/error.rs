//! From sled's errors to ours.

use std::io;
use std::path::Path;

use persist_core::backend::TableHandle;
use persist_core::{Error, ErrorKind};

/// What sled reported, for people.
pub(crate) fn engine(error: sled::Error) -> Error {
    match error {
        sled::Error::Io(error) => system(error, "sled cannot use its files"),
        sled::Error::Corruption { .. } => {
            corrupt("the files of the store are damaged; restore a copy of the directory")
                .caused_by(error)
        }
        sled::Error::Unsupported(_) => Error::new(
            ErrorKind::Config,
            "its files were made by another version of sled, or with other settings; open it with \
             the program that made it, and copy it from there",
        )
        .caused_by(error),
        error => Error::new(ErrorKind::Backend, "sled failed").caused_by(error),
    }
}

/// sled panicked. What the panic said may hold values, so it is not repeated.
pub(crate) fn panicked() -> Error {
    corrupt(
        "sled failed on what it found in its files, which are probably damaged; restore a copy of \
         the directory",
    )
}

/// What the system reported of a file of the store.
pub(crate) fn system(error: io::Error, what: &str) -> Error {
    let (kind, advice) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (ErrorKind::NoSpace, "there is no space left; make some, and open the store again")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::Config, "check the rights of the directory and of the files in it")
        }
        io::ErrorKind::NotFound => (ErrorKind::Config, "it does not exist"),
        _ => (ErrorKind::Backend, "the system says why"),
    };
    Error::new(kind, format!("{what}: {advice}")).caused_by(error)
}

/// As [`system`], with the path that it is about.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| system(error, &format!("{}", path.display()))
}

pub(crate) fn corrupt(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupt, message)
}

/// After a failure nobody knows what is in the files.
pub(crate) fn failed() -> Error {
    Error::new(
        ErrorKind::Backend,
        "the store failed earlier, and nothing more is read or written; open it again",
    )
}

/// The table is not there any more.
pub(crate) fn dropped(table: &TableHandle) -> Error {
    Error::new(ErrorKind::NotFound, "the table was dropped; open it again to make a new one")
        .table(table.name())
}
