//! Hints that something changed.

use std::sync::Arc;

use futures_util::stream::BoxStream;

use super::Cell;

/// A hint that something may have changed. It says where to look again, never what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// These keys of this table.
    Keys {
        /// The table's name.
        table: Arc<str>,
        /// The keys; keys that did not change may be among them.
        keys: Arc<[Cell]>,
    },
    /// Anything in this table.
    Table(Arc<str>),
    /// Anything anywhere: hints were lost, or the engine cannot say more.
    Everything,
}

/// Hints from the moment of the call on, at least one for every change by any process that
/// shares the store, in no promised order. Ends when the store is closed.
pub type Changes = BoxStream<'static, Hint>;
