//! The four things that an engine can store.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// The type of a column of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CellType {
    /// UTF-8 without NUL, ordered bytewise; `TEXT` in SQL.
    Text,
    /// Any bytes, ordered bytewise; `BLOB` or `bytea` in SQL.
    Bytes,
    /// A signed 64-bit integer; `INTEGER` or `bigint` in SQL.
    Integer,
    /// A 64-bit float, never NaN and never `-0.0`; `REAL` or `double precision` in SQL.
    Real,
}

impl CellType {
    /// The name under which a registry remembers this type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Integer => "integer",
            Self::Real => "real",
        }
    }

    /// The type that [`name`](Self::name) gave `name` to, if any.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Text, Self::Bytes, Self::Integer, Self::Real]
            .into_iter()
            .find(|cell_type| cell_type.name() == name)
    }
}

impl fmt::Display for CellType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One stored key or value.
///
/// Cells of one type are totally ordered, in the order of law 5: text and bytes bytewise,
/// integers and reals numerically. Between types the order is arbitrary but fixed; a column
/// never mixes them.
#[derive(Clone, Serialize, Deserialize)]
pub enum Cell {
    /// See [`CellType::Text`].
    Text(String),
    /// See [`CellType::Bytes`].
    Bytes(Vec<u8>),
    /// See [`CellType::Integer`].
    Integer(i64),
    /// See [`CellType::Real`].
    Real(f64),
}

impl Cell {
    /// The type of this cell.
    #[inline]
    pub fn cell_type(&self) -> CellType {
        match self {
            Self::Text(_) => CellType::Text,
            Self::Bytes(_) => CellType::Bytes,
            Self::Integer(_) => CellType::Integer,
            Self::Real(_) => CellType::Real,
        }
    }

    /// How many bytes the content takes: the length of text and bytes, 8 for numbers.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Integer(_) | Self::Real(_) => 8,
        }
    }

    /// Whether this is empty text or no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            _ => (self.cell_type() as u8).cmp(&(other.cell_type() as u8)),
        }
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}

impl Hash for Cell {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => text.hash(state),
            Self::Bytes(bytes) => bytes.hash(state),
            Self::Integer(integer) => integer.hash(state),
            Self::Real(real) => real.to_bits().hash(state),
        }
    }
}

/// Shows text quoted and bytes in hexadecimal, both cut after 64 characters, so that a key can
/// stand in a message whatever it holds.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        match self {
            Self::Text(text) => {
                let shown: String = text.chars().take(SHOWN).collect();
                let more = if shown.len() < text.len() { "…" } else { "" };
                write!(f, "{shown:?}{more}")
            }
            Self::Bytes(bytes) => {
                f.write_str("0x")?;
                for byte in bytes.iter().take(SHOWN / 2) {
                    write!(f, "{byte:02x}")?;
                }
                f.write_str(if bytes.len() > SHOWN / 2 { "…" } else { "" })
            }
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Real(real) => write!(f, "{real:?}"),
        }
    }
}

/// Shows the type and size, not the content: values may be secrets, and `Debug` goes to logs.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{} bytes]", self.cell_type(), self.len())
    }
}
