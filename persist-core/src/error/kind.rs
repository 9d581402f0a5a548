//! The kinds of errors, and what may have become of a write.

use serde::{Deserialize, Serialize};

/// What kind of error it is. More kinds may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A table or variable name that is not allowed.
    InvalidName,
    /// A key that is not allowed, such as text with NUL or NaN.
    InvalidKey,
    /// A key, a value or a batch past its limit.
    TooLarge,
    /// The table was dropped.
    NotFound,
    /// The table or variable was made with other columns or another codec.
    SchemaMismatch,
    /// A value that its codec cannot encode.
    Encode,
    /// Stored bytes that the codec cannot decode.
    Decode,
    /// The store itself is damaged, or is not a store.
    Corrupt,
    /// Others changed the same data again and again.
    Conflict,
    /// Somebody else holds what is needed, or a limit of concurrent uses is reached.
    Busy,
    /// The disk or the quota is full.
    NoSpace,
    /// Something took longer than it was allowed to.
    Timeout,
    /// The handle or the store was closed.
    Closed,
    /// A setting is wrong, or forbids the operation.
    Config,
    /// The key is bound to something else, and may not be bound anew.
    AlreadyBound,
    /// The call is not allowed here, such as a table used beside the transaction it is in.
    Misuse,
    /// The engine cannot be reached.
    Unavailable,
    /// The engine failed in another way; the source says how.
    Backend,
}

impl ErrorKind {
    /// Whether the cause may pass by itself.
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::Conflict | Self::Busy | Self::Timeout | Self::Unavailable)
    }
}

/// What became of a write that ended in an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// It was applied, but something after it failed.
    Applied,
    /// It was not applied and will not be.
    NotApplied,
    /// It may or may not have been applied.
    Unknown,
}
