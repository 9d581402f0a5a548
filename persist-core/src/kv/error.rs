//! Why a verb of a [`Kv`](super::Kv) failed.

use std::fmt;

use super::KeyPath;
use crate::{ErrorKind, Outcome};

/// The result of a verb of a [`Kv`](super::Kv).
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a verb failed. All but [`Storage`](Self::Storage) and [`NoSpace`](Self::NoSpace) are answers
/// about the keys, and have changed nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is bound to the key.
    NotFound(KeyPath),
    /// A value is expected at the key, and a dictionary is there.
    ValueExpected(KeyPath),
    /// A dictionary is expected at the key, and a value is there. The key may be one on the way to
    /// the one that was asked for.
    DictionaryExpected(KeyPath),
    /// Something is bound to the key already.
    #[doc(alias = "Key_exists")]
    AlreadyPresent(KeyPath),
    /// The dictionary at the first key would be moved to the second one, inside itself.
    RenameSourcePrefix(KeyPath, KeyPath),
    /// No store takes such a key.
    InvalidKey(KeyPath, InvalidKey),
    /// The disk or the quota is full. What the engine says of it.
    NoSpace(crate::Error),
    /// A batch ran so often, and each time others had changed first what it had read.
    TooManyRetries(u32),
    /// The storage failed.
    #[doc(alias = "Storage_error")]
    Storage(crate::Error),
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidKey {
    /// A segment that is to be added is empty.
    Empty,
    /// A segment that is to be added contains `/`.
    Slash,
    /// A segment is `.` or `..`.
    Dots,
    /// A segment contains NUL.
    Nul,
    /// A segment takes more than [`MAX_SEGMENT`](super::MAX_SEGMENT) bytes.
    LongSegment,
    /// The key takes more than [`MAX_KEY`](super::MAX_KEY) bytes.
    TooLong,
}

impl Error {
    /// What became of the write that failed.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NoSpace(error) | Self::Storage(error) => error.outcome(),
            _ => Outcome::NotApplied,
        }
    }

    /// Whether the same call may succeed a little later: nothing was written, and the cause is
    /// one that passes.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoSpace(error) | Self::Storage(error) => error.is_retryable(),
            Self::TooManyRetries(_) => true,
            _ => false,
        }
    }

    /// The error as one of stores in general, of the operation that is named.
    #[must_use]
    pub fn during(self, operation: &'static str) -> Self {
        match self {
            Self::NoSpace(error) => Self::NoSpace(error.during(operation)),
            Self::Storage(error) => Self::Storage(error.during(operation)),
            other => other,
        }
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        if error.kind() == ErrorKind::NoSpace { Self::NoSpace(error) } else { Self::Storage(error) }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match &error {
            Error::NotFound(_) => Io::NotFound,
            Error::ValueExpected(_) => Io::IsADirectory,
            Error::DictionaryExpected(_) => Io::NotADirectory,
            Error::AlreadyPresent(_) => Io::AlreadyExists,
            Error::RenameSourcePrefix(..) | Error::InvalidKey(..) => Io::InvalidInput,
            Error::NoSpace(_) => Io::StorageFull,
            Error::TooManyRetries(_) | Error::Storage(_) => Io::Other,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(key) => write!(f, "{key}: nothing is bound to this key"),
            Self::ValueExpected(key) => {
                write!(f, "{key}: a value is expected here, and this is a dictionary")
            }
            Self::DictionaryExpected(key) => {
                write!(f, "{key}: a dictionary is expected here, and this is a value")
            }
            Self::AlreadyPresent(key) => {
                write!(f, "{key}: something is bound to this key already; remove it first")
            }
            Self::RenameSourcePrefix(source, dest) => {
                write!(f, "{source}: a dictionary cannot be moved into itself, to {dest}")
            }
            Self::InvalidKey(key, why) => write!(f, "{key:?}: {why}"),
            Self::NoSpace(error) | Self::Storage(error) => error.fmt(f),
            Self::TooManyRetries(retries) => write!(
                f,
                "a batch was tried again {retries} times, and others have always changed first \
                 what it had read; try again later, allow more retries, or let fewer writers \
                 change the same keys"
            ),
        }
    }
}

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a segment is empty; give it a name",
            Self::Slash => "a segment contains `/`; append a key of several segments instead",
            Self::Dots => "a segment is `.` or `..`, which no store takes; use another name",
            Self::Nul => "a segment contains NUL, which no store takes; use another name",
            Self::LongSegment => "a segment takes more than 255 bytes; use a shorter name",
            Self::TooLong => "the key takes more than 4,096 bytes; use fewer or shorter segments",
        })
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // They are shown in place of this one, so what follows is what follows them.
            Self::NoSpace(error) | Self::Storage(error) => error.source(),
            _ => None,
        }
    }
}
