//! What the log remembers: changes, in the order in which they were made.

use persist_core::backend::{Cell, KeyRange, TableSpec};
use persist_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::error;

/// One change of the store. Tables go by number; a number is never given twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Change {
    /// A table is made: its line in the registry.
    Create { table: u64, spec: TableSpec },
    /// A table goes away with all its bindings.
    Drop { table: u64 },
    /// A key is bound.
    Put { table: u64, key: Cell, value: Cell },
    /// A key is unbound.
    Delete { table: u64, key: Cell },
    /// All keys of a range are unbound.
    DeleteRange { table: u64, range: KeyRange },
}

impl Change {
    /// Appends the change to what a record will hold.
    ///
    /// # Errors
    /// `Encode`, which cannot happen for what core hands down.
    pub fn encode(&self, record: &mut Vec<u8>) -> Result<()> {
        *record = postcard::to_extend(self, std::mem::take(record)).map_err(|error| {
            Error::new(ErrorKind::Encode, "the change cannot be written").caused_by(error)
        })?;
        Ok(())
    }

    /// The first change of a record, and what follows it.
    ///
    /// # Errors
    /// `Corrupt` for what [`encode`](Self::encode) did not write.
    pub fn decode(record: &[u8]) -> Result<(Self, &[u8])> {
        postcard::take_from_bytes(record).map_err(|error| {
            error::corrupt("a record of the log is unknown to this version").caused_by(error)
        })
    }
}
