//! One error for everything: what kind, during what, where, and what became of the write.

mod kind;
mod parts;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

pub use kind::{ErrorKind, Outcome};
pub use parts::ErrorParts;

use crate::backend::Cell;

/// The result of an operation on a store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// It names the operation, the table and the key where there is one, says what was expected and
/// what to do, and tells through [`outcome`](Self::outcome) what became of the write. The
/// driver's own error, if there is one, is the [`source`](StdError::source), which `Display` does
/// not repeat. Values never appear in it, as far as the library and its columns are concerned; what
/// a column of your own says of a value, and what a `Deserialize` of yours says, is repeated.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    operation: Option<Cow<'static, str>>,
    table: Option<String>,
    key: Option<String>,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of a kind, with a message that says what was expected and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            outcome: Outcome::NotApplied,
            operation: None,
            table: None,
            key: None,
            message: message.into(),
            source: None,
        }))
    }

    /// The error of a handle that was closed.
    pub fn closed() -> Self {
        Self::new(ErrorKind::Closed, "the store was closed; open it again to go on using it")
    }

    /// Names the operation, unless it is named already.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(Cow::Borrowed(operation));
        self
    }

    /// Names the table, unless it is named already.
    #[must_use]
    pub fn table(mut self, table: &str) -> Self {
        self.0.table.get_or_insert_with(|| table.to_owned());
        self
    }

    /// Names the key, unless it is named already.
    #[must_use]
    pub fn key(mut self, key: &Cell) -> Self {
        self.0.key.get_or_insert_with(|| key.to_string());
        self
    }

    /// Puts before the message what it is about, such as a file.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// Says what became of the write.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// Adds the error that this one was made from.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The kind, to decide upon.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What became of the write that failed; `NotApplied` for everything that writes nothing.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the same call may succeed a little later: nothing was written, and the cause is
    /// one that passes.
    pub fn is_retryable(&self) -> bool {
        self.0.outcome == Outcome::NotApplied && self.0.kind.passes()
    }

    /// The name of the table that the error is about, if it is about one.
    pub fn table_name(&self) -> Option<&str> {
        self.0.table.as_deref()
    }

    /// The same error again, for each of several callers that one failure reaches. The source is
    /// kept as text.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(Box::new(Inner {
            kind: self.0.kind,
            outcome: self.0.outcome,
            operation: self.0.operation.clone(),
            table: self.0.table.clone(),
            key: self.0.key.clone(),
            message: self.0.message.clone(),
            source: self.0.source.as_ref().map(|source| source.to_string().into()),
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(operation) = &inner.operation {
            write!(f, "{operation}: ")?;
        }
        match (&inner.table, &inner.key) {
            (Some(table), Some(key)) => write!(f, "table {table:?}, key {key}: ")?,
            (Some(table), None) => write!(f, "table {table:?}: ")?,
            (None, Some(key)) => write!(f, "key {key}: ")?,
            (None, None) => {}
        }
        f.write_str(&inner.message)?;
        if inner.outcome == Outcome::Unknown {
            f.write_str(" (whether the write was applied is not known)")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("outcome", &self.0.outcome)
            .field("message", &self.to_string())
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_operation_table_and_key() {
        let error = Error::new(ErrorKind::TooLarge, "too large")
            .during("insert")
            .table("users")
            .key(&Cell::Text("bob".into()))
            .table("not this one");
        assert_eq!(error.to_string(), r#"insert: table "users", key "bob": too large"#);
        assert!(!error.is_retryable());
    }

    #[test]
    fn only_what_was_not_applied_may_be_retried() {
        let busy = Error::new(ErrorKind::Busy, "locked");
        assert!(busy.is_retryable());
        assert!(!busy.with_outcome(Outcome::Unknown).is_retryable());
    }
}
