//! From the system's errors to ours.

use std::fmt::Display;

use persist_core::kv::KeyPath;
use persist_core::{Error, ErrorKind};
use rustix::io::Errno;

/// What the system reported about `what`, for people.
pub(crate) fn system(what: impl Display, errno: Errno) -> Error {
    let (kind, message) = match errno {
        Errno::NOSPC | Errno::DQUOT => {
            (ErrorKind::NoSpace, "the disk or the quota is full; make space and try again")
        }
        Errno::ACCESS | Errno::PERM => {
            (ErrorKind::Config, "the rights do not allow it; check its owner and mode")
        }
        Errno::ROFS => (ErrorKind::Config, "the file system is mounted read-only"),
        Errno::NAMETOOLONG => {
            (ErrorKind::InvalidKey, "this file system takes no names so long; use a shorter one")
        }
        Errno::ILSEQ | Errno::INVAL => {
            (ErrorKind::InvalidKey, "this file system does not take such a name; use another one")
        }
        Errno::MFILE | Errno::NFILE => (
            ErrorKind::Unavailable,
            "too many files are open; close some, or raise the limit (`ulimit -n`)",
        ),
        Errno::XDEV => (
            ErrorKind::Config,
            "it is on another file system than the store; open a store of its own there",
        ),
        Errno::FBIG => (ErrorKind::TooLarge, "this file system takes no files so large"),
        _ => (ErrorKind::Backend, "the file system failed"),
    };
    Error::new(kind, message).context(what).caused_by(errno)
}

/// What the system reported about what is at a key.
pub(crate) fn at(key: &KeyPath) -> impl Fn(Errno) -> Error {
    move |errno| system(key, errno)
}

/// What the system reported about the store's own files.
pub(crate) fn own(what: &'static str) -> impl Fn(Errno) -> Error {
    move |errno| match errno {
        Errno::ILSEQ | Errno::INVAL => {
            Error::new(ErrorKind::Backend, "the file system failed").context(what).caused_by(errno)
        }
        _ => system(what, errno),
    }
}

/// Something at a key that is neither a value nor a dictionary.
pub(crate) fn no_entry(key: &KeyPath, what: &str) -> Error {
    let message = format!(
        "{key}: this is {what}; a store holds plain files and directories alone, so move it away"
    );
    Error::new(ErrorKind::InvalidKey, message)
}

/// The store's own files are not what they were.
pub(crate) fn removed(what: &str) -> Error {
    let message = format!(
        "{what} of the store was removed or replaced by another program; open the store again"
    );
    Error::new(ErrorKind::Corrupt, message)
}

/// A write to a store that only reads.
pub(crate) fn read_only() -> Error {
    Error::new(ErrorKind::Config, "the store was opened read-only")
}

/// As [`at`], of an error of the standard library.
pub(crate) fn io(key: &KeyPath, error: std::io::Error) -> Error {
    match Errno::from_io_error(&error) {
        Some(errno) => system(key, errno),
        None => {
            Error::new(ErrorKind::Backend, "the file system failed").context(key).caused_by(error)
        }
    }
}
