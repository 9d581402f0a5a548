//! Cells as PostgreSQL's values, in both directions.

use persist_core::backend::{Cell, CellType};
use persist_core::{Error, ErrorKind, Result};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::connection::Query;
use crate::error::engine;

/// The type that a column is declared with.
pub(crate) fn declared(cell: CellType) -> &'static str {
    match cell {
        CellType::Text => "text",
        CellType::Bytes => "bytea",
        CellType::Integer => "bigint",
        CellType::Real => "double precision",
    }
}

/// How many bytes a column takes, as an expression that does not fetch long values.
pub(crate) fn size_of(column: &str, cell: CellType) -> String {
    match cell {
        CellType::Text | CellType::Bytes => format!("octet_length({column})"),
        CellType::Integer | CellType::Real => "8".to_owned(),
    }
}

/// A cell as the next parameter.
pub(crate) fn bind<'q>(query: Query<'q>, cell: &Cell) -> Query<'q> {
    match cell {
        Cell::Text(text) => query.bind(text.as_str()),
        Cell::Bytes(bytes) => query.bind(bytes.as_slice()),
        Cell::Integer(integer) => query.bind(*integer),
        Cell::Real(real) => query.bind(*real),
    }
}

/// Cells of one type as the next parameter, an array.
pub(crate) fn bind_all<'q, 'c>(
    query: Query<'q>,
    cell_type: CellType,
    cells: impl Iterator<Item = &'c Cell>,
) -> Result<Query<'q>> {
    let wrong = || Error::new(ErrorKind::Backend, "a cell is not of its column's type");
    /// Collects what a variant holds.
    macro_rules! all {
        ($variant:ident, $inner:ident => $value:expr) => {
            cells
                .map(|cell| match cell {
                    Cell::$variant($inner) => Ok($value),
                    _ => Err(wrong()),
                })
                .collect::<Result<Vec<_>>>()?
        };
    }
    Ok(match cell_type {
        CellType::Text => query.bind(all!(Text, text => text.as_str())),
        CellType::Bytes => query.bind(all!(Bytes, bytes => bytes.as_slice())),
        CellType::Integer => query.bind(all!(Integer, integer => *integer)),
        CellType::Real => query.bind(all!(Real, real => *real)),
    })
}

/// The cell in a column of a row.
pub(crate) fn cell(row: &PgRow, column: usize, cell_type: CellType) -> Result<Cell> {
    let cell = match cell_type {
        CellType::Text => row.try_get(column).map(Cell::Text),
        CellType::Bytes => row.try_get(column).map(Cell::Bytes),
        CellType::Integer => row.try_get(column).map(Cell::Integer),
        CellType::Real => row.try_get(column).map(Cell::Real),
    };
    match cell {
        Ok(Cell::Real(real)) if real.is_nan() => {
            Err(Error::new(ErrorKind::Decode, "the stored number is NaN"))
        }
        // Equal to the other zero for the server, and before it for us.
        Ok(Cell::Real(real)) if real == 0.0 => Ok(Cell::Real(0.0)),
        Ok(cell) => Ok(cell),
        Err(error) => Err(engine(error)),
    }
}
