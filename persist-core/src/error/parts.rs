//! Errors on their way from one process to another.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Error, ErrorKind, Inner, Outcome};

/// What an [`Error`] is made of, for backends that carry errors between processes.
///
/// The source is kept as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorParts {
    /// See [`Error::kind`].
    pub kind: ErrorKind,
    /// See [`Error::outcome`].
    pub outcome: Outcome,
    /// The operation, if it is named.
    pub operation: Option<Cow<'static, str>>,
    /// The table, if it is named.
    pub table: Option<String>,
    /// The key as it is shown, if it is named.
    pub key: Option<String>,
    /// What was expected and what to do.
    pub message: String,
    /// What the source says.
    pub source: Option<String>,
}

impl Error {
    /// What the error is made of.
    pub fn parts(&self) -> ErrorParts {
        let inner = &self.0;
        ErrorParts {
            kind: inner.kind,
            outcome: inner.outcome,
            operation: inner.operation.clone(),
            table: inner.table.clone(),
            key: inner.key.clone(),
            message: inner.message.clone(),
            source: inner.source.as_ref().map(ToString::to_string),
        }
    }

    /// The error that is made of these.
    pub fn from_parts(parts: ErrorParts) -> Self {
        Self(Box::new(Inner {
            kind: parts.kind,
            outcome: parts.outcome,
            operation: parts.operation,
            table: parts.table,
            key: parts.key,
            message: parts.message,
            source: parts.source.map(Into::into),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Cell;

    #[test]
    fn an_error_that_travelled_says_the_same() {
        let error = Error::new(ErrorKind::NoSpace, "the disk is full")
            .during("insert")
            .table("t")
            .key(&Cell::Integer(7))
            .with_outcome(Outcome::Unknown)
            .caused_by("os error 28");
        let travelled = Error::from_parts(error.parts());
        assert_eq!(format!("{travelled:?}"), format!("{error:?}"));
    }
}
