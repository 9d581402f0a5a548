//! What is said between client and server, as postcard writes it.
//!
//! What travels is defined here, but for errors and durability, which are core's; and the tests
//! hold the bytes of all of it. Whoever changes them changes [`VERSION`](super::hello::VERSION).

mod convert;
#[cfg(test)]
mod tests;

use std::ops::Bound;

use persist_core::{Durability, ErrorParts};
use serde::{Deserialize, Serialize};

/// A request, under a number that its answer will bear.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) call: Call,
}

/// A verb of the contract, or of the connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Call {
    OpenTable(Spec),
    DropTable(String),
    Tables,
    Get {
        view: Option<u64>,
        table: u64,
        keys: Vec<Cell>,
        mark: bool,
    },
    Scan {
        view: Option<u64>,
        table: u64,
        range: Range,
        backward: bool,
        limit: u64,
        mark: bool,
    },
    Count {
        view: Option<u64>,
        table: u64,
        range: Range,
        mark: bool,
    },
    Snapshot,
    /// Has no answer.
    Release(u64),
    Commit {
        token: Option<Token>,
        ops: Vec<Op>,
    },
    /// From the answer on, hints are sent.
    Listen,
    /// Has no answer.
    Unlisten,
    /// The client will not come back, and forgets its tokens.
    Goodbye,
}

/// What makes a second sending of a commit harmless: a number that the client gives once, and
/// the place where the server remembers the last number that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) sequence: u64,
    pub(crate) slot: u16,
}

/// What the server says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Message {
    Answer { id: u64, answer: Answer },
    Hint(Hint),
}

/// The end of a call.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Answer {
    Table(u64),
    Dropped(bool),
    Tables(Vec<Spec>),
    Cells {
        found: Vec<Option<Cell>>,
        mark: Option<Seal>,
    },
    Page {
        rows: Vec<Result<(Cell, Cell), Box<ErrorParts>>>,
        rest: Option<Range>,
        mark: Option<Seal>,
    },
    Count {
        count: u64,
        mark: Option<Seal>,
    },
    Snapshot(u64),
    Applied,
    Conflict {
        which: u64,
        found: Option<Cell>,
    },
    Listening,
    Bye,
    Error(Box<ErrorParts>),
}

/// The server's evidence of what a read saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seal(#[serde(with = "serde_bytes")] pub(crate) Vec<u8>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cell {
    Text(String),
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    Integer(i64),
    Real(f64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Range {
    pub(crate) lower: Bound<Cell>,
    pub(crate) upper: Bound<Cell>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) key: Column,
    pub(crate) value: Column,
    pub(crate) fingerprint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) cell: CellType,
    pub(crate) codec: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CellType {
    Text,
    Bytes,
    Integer,
    Real,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Op {
    Key { table: u64, key: Cell, expect: Expect, write: Write },
    DeleteRange { table: u64, range: Range },
    Unchanged { table: u64, mark: Seal },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Expect {
    Any,
    Absent,
    Present,
    Equals(Cell),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Write {
    Put(Cell),
    Delete,
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Hint {
    Keys { table: String, keys: Vec<Cell> },
    Table(String),
    Everything,
}

/// What a client says first, after magic and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Drawn at random, once for each open store.
    pub(crate) client: u128,
    /// Commits with a smaller sequence may have been sent on an earlier connection.
    pub(crate) fresh_from: u64,
    /// How durable the client takes its writes to be.
    pub(crate) durability: Durability,
}

/// What the server answers to it, after magic and version.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Welcome {
    Ready,
    Refused(ErrorParts),
}

impl Call {
    /// Whether the call asks something of a snapshot.
    pub(crate) fn view(&self) -> Option<u64> {
        match self {
            Self::Get { view, .. } | Self::Scan { view, .. } | Self::Count { view, .. } => *view,
            _ => None,
        }
    }

    /// About how many bytes the call takes.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Get { keys, .. } => keys.iter().map(Cell::weight).sum(),
            Self::Commit { ops, .. } => ops.iter().map(Op::weight).sum(),
            _ => 0,
        }
    }
}

impl Answer {
    /// About how many bytes the answer takes.
    pub(crate) fn weight(&self) -> usize {
        let cells = |cell: &Option<Cell>| cell.as_ref().map_or(1, Cell::weight);
        match self {
            Self::Cells { found, .. } => found.iter().map(cells).sum(),
            Self::Page { rows, .. } => {
                rows.iter().flatten().map(|(key, value)| key.weight() + value.weight()).sum()
            }
            Self::Conflict { found, .. } => cells(found),
            _ => 0,
        }
    }
}

impl Op {
    fn weight(&self) -> usize {
        match self {
            Self::Key { key, expect, write, .. } => {
                let expected = if let Expect::Equals(cell) = expect { cell.weight() } else { 0 };
                let written = if let Write::Put(cell) = write { cell.weight() } else { 0 };
                key.weight() + expected + written
            }
            Self::DeleteRange { .. } => 0,
            Self::Unchanged { mark, .. } => mark.0.len(),
        }
    }
}

impl Cell {
    fn weight(&self) -> usize {
        const HEAD: usize = 8;
        HEAD + match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Integer(_) | Self::Real(_) => 8,
        }
    }
}
