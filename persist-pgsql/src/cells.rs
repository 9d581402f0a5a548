//! Cells as PostgreSQL's values, in both directions.

mod escaped;

use std::borrow::Cow;

use persist_core::backend::{Cell, CellType};
use persist_core::{Error, ErrorKind, Result};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row as _};

use crate::connection::Query;
use crate::error::engine;

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    cell: CellType,
    /// Whether it is text in which Ocsipersist has escaped what is not printable ASCII.
    escaped: bool,
}

impl Form {
    /// Cells that are stored as what they are.
    pub(crate) fn of(cell: CellType) -> Self {
        Self { cell, escaped: false }
    }

    /// Text or bytes that Ocsipersist has escaped.
    pub(crate) fn escaped(cell: CellType) -> Self {
        Self { cell, escaped: true }
    }

    /// The type that the column is declared with, and its parameters too.
    pub(crate) fn declared(self) -> &'static str {
        match self.cell {
            _ if self.escaped => "text",
            CellType::Text => "text",
            CellType::Bytes => "bytea",
            CellType::Integer => "bigint",
            CellType::Real => "double precision",
        }
    }

    /// A stored value or a parameter, such that it compares and sorts as its cell does.
    pub(crate) fn compared(self, value: &str) -> Cow<'_, str> {
        if self.escaped { format!("decode({value}, 'escape')").into() } else { value.into() }
    }

    /// How many bytes a column takes, as an expression that does not fetch long values.
    pub(crate) fn size_of(self, column: &str) -> String {
        match self.cell {
            CellType::Text | CellType::Bytes => format!("coalesce(octet_length({column}), 0)"),
            CellType::Integer | CellType::Real => "8".to_owned(),
        }
    }

    /// A column as bytes behind their number, as an expression.
    pub(crate) fn sent_as(self, column: &str) -> String {
        let bytes = match self.cell {
            CellType::Bytes if !self.escaped => column.to_owned(),
            CellType::Text | CellType::Bytes => format!("textsend({column})"),
            CellType::Integer => return format!("int4send(8) || int8send({column})"),
            CellType::Real => return format!("int4send(8) || float8send({column})"),
        };
        // Everything is UTF-8.
        format!("int4send(octet_length({column})) || {bytes}")
    }

    /// A cell as the next parameter.
    pub(crate) fn bind<'q>(self, query: Query<'q>, cell: &Cell) -> Query<'q> {
        match cell {
            Cell::Text(text) if self.escaped => query.bind(escaped::escape(text.as_bytes())),
            Cell::Bytes(bytes) if self.escaped => query.bind(escaped::escape(bytes)),
            Cell::Text(text) => query.bind(text.as_str()),
            Cell::Bytes(bytes) => query.bind(bytes.as_slice()),
            Cell::Integer(integer) => query.bind(*integer),
            Cell::Real(real) => query.bind(*real),
        }
    }

    /// Cells as the next parameter, an array.
    pub(crate) fn bind_all<'q, 'c>(
        self,
        query: Query<'q>,
        cells: impl Iterator<Item = &'c Cell>,
    ) -> Result<Query<'q>> {
        let wrong = || Error::new(ErrorKind::Backend, "a cell is not of its column's type");
        /// Collects what the variants hold.
        macro_rules! all {
            ($($variant:pat => $value:expr),+) => {{
                let mut all = Vec::with_capacity(cells.size_hint().1.unwrap_or_default());
                for cell in cells {
                    all.push(match cell {
                        $($variant => $value,)+
                        _ => return Err(wrong()),
                    });
                }
                all
            }};
        }
        Ok(match self.cell {
            _ if self.escaped => query.bind(all!(
                Cell::Text(text) => escaped::escape(text.as_bytes()),
                Cell::Bytes(bytes) => escaped::escape(bytes)
            )),
            CellType::Text => query.bind(all!(Cell::Text(text) => text.as_str())),
            CellType::Bytes => query.bind(all!(Cell::Bytes(bytes) => bytes.as_slice())),
            CellType::Integer => query.bind(all!(Cell::Integer(integer) => *integer)),
            CellType::Real => query.bind(all!(Cell::Real(real) => *real)),
        })
    }

    /// The cell in a column of a row.
    pub(crate) fn cell(self, row: &PgRow, column: usize) -> Result<Cell> {
        match self.cell {
            _ if self.escaped => self.unescaped(&get::<String>(row, column)?),
            CellType::Text => get(row, column).map(Cell::Text),
            CellType::Bytes => get(row, column).map(Cell::Bytes),
            CellType::Integer => get(row, column).map(Cell::Integer),
            CellType::Real => get(row, column).and_then(real),
        }
    }

    /// The cell that the server has sent, by what [`sent_as`](Self::sent_as) says.
    pub(crate) fn sent(self, bytes: &[u8]) -> Result<Cell> {
        let number = || {
            let wrong = || Error::new(ErrorKind::Decode, "the server has sent no number");
            bytes.try_into().map_err(|_| wrong())
        };
        match self.cell {
            _ if self.escaped => self.unescaped(utf8(bytes)?),
            CellType::Text => Ok(Cell::Text(utf8(bytes)?.to_owned())),
            CellType::Bytes => Ok(Cell::Bytes(bytes.to_vec())),
            CellType::Integer => Ok(Cell::Integer(i64::from_be_bytes(number()?))),
            CellType::Real => real(f64::from_be_bytes(number()?)),
        }
    }

    /// Where the key of a row lies: its cell, or what lies at its place if it cannot be read.
    pub(crate) fn place(self, row: &PgRow, column: usize) -> Option<Cell> {
        match self.cell(row, column) {
            Ok(cell) => Some(cell),
            // The largest number, for the server and for us.
            Err(_) if self.cell == CellType::Real => Some(Cell::Real(f64::NAN)),
            Err(_) if self.escaped => {
                let stored: String = get(row, column).ok()?;
                unescaped(&stored).map(Cell::Bytes).ok()
            }
            Err(_) => None,
        }
    }

    /// The cell that is stored escaped.
    fn unescaped(self, stored: &str) -> Result<Cell> {
        let bytes = unescaped(stored)?;
        if self.cell == CellType::Text { text(&bytes) } else { Ok(Cell::Bytes(bytes)) }
    }
}

fn get<'r, T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
) -> Result<T> {
    row.try_get(column).map_err(engine)
}

fn real(real: f64) -> Result<Cell> {
    match real {
        _ if real.is_nan() => Err(Error::new(ErrorKind::Decode, "the stored number is NaN")),
        // Equal to the other zero for the server, and before it for us.
        0.0 => Ok(Cell::Real(0.0)),
        _ => Ok(Cell::Real(real)),
    }
}

fn unescaped(stored: &str) -> Result<Vec<u8>> {
    escaped::unescape(stored).ok_or_else(|| {
        Error::new(ErrorKind::Decode, "the stored text is not escaped as Ocsipersist does it")
    })
}

fn text(bytes: &[u8]) -> Result<Cell> {
    match utf8(bytes)? {
        text if text.contains('\0') => {
            Err(Error::new(ErrorKind::Decode, "the stored text holds NUL"))
        }
        text => Ok(Cell::Text(text.to_owned())),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorKind::Decode, "the stored text is not UTF-8").caused_by(error)
    })
}
