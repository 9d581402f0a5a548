//! What reads return.

use crate::Result;

use super::{Cell, KeyRange, TableHandle};

/// A binding, or why this one cannot be read: a bad row does not spoil its neighbours.
pub type Row = Result<(Cell, Cell)>;

/// Rows of a scan, all from one state.
#[derive(Debug, Default)]
pub struct Page {
    /// The rows, in the direction of the scan.
    pub rows: Vec<Row>,
    /// What is left to scan; `None` when the range is exhausted. A page may end early for any
    /// reason, so an empty page with something left is legal, but a scan must advance.
    pub rest: Option<KeyRange>,
}

/// Whether a read shall return a [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marking {
    /// No mark: the cheap and usual form.
    Skip,
    /// A mark of exactly what was read, absences included.
    Take,
}

/// Evidence of what a read saw, which a commit can require to be still so
/// ([`Op::Unchanged`](super::Op::Unchanged)).
///
/// The token means something to the backend that made it, within the life of that backend, and
/// to nobody else.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The table that was read.
    pub table: TableHandle,
    /// The backend's own evidence.
    pub token: Vec<u8>,
}

/// What was read, with the mark if one was asked for.
#[derive(Debug)]
pub struct Marked<T> {
    /// What was read.
    pub value: T,
    /// Present exactly if asked for.
    pub mark: Option<Mark>,
}

impl<T> Marked<T> {
    /// What was read, without a mark.
    pub fn plain(value: T) -> Self {
        Self { value, mark: None }
    }
}
