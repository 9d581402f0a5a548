//! Reading, on a connection that somebody has chosen.

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, CellType, Direction, KeyRange, Page, Row, TableHandle};
use persist_core::{Error, Result};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::cells::{bind, bind_all, cell};
use crate::connection::Connection;
use crate::error::engine;
use crate::sql::PgTable;
use crate::work::Work;

/// How many bytes of values and keys one answer may hold.
pub(crate) const BUDGET: i64 = BYTE_BUDGET as i64;

/// The most rows of a page: each counts with at least its own overhead.
const MOST_ROWS: usize = 8 * 1024;

/// Something to be read.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Get { table: TableHandle, keys: Vec<Cell> },
    Scan { table: TableHandle, range: KeyRange, direction: Direction, limit: usize },
    Count { table: TableHandle, range: KeyRange },
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Answer {
    Get(Vec<Option<Cell>>),
    Scan(Page),
    Count(u64),
}

/// Why something was not read.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection or the server failed; asking again may help.
    Engine(sqlx::Error),
    Other(Error),
}

impl Work for Ask {
    type Output = Answer;

    async fn run(&self, connection: &mut Connection) -> Result<Answer, Failure> {
        match self {
            Self::Get { table, keys } => {
                let found = get(connection, PgTable::of(table)?, keys).await?;
                Ok(Answer::Get(found.into_iter().collect::<Result<_>>()?))
            }
            Self::Scan { table, range, direction, limit } => {
                let table = PgTable::of(table)?;
                scan(connection, table, range, *direction, *limit).await.map(Answer::Scan)
            }
            Self::Count { table, range } => {
                count(connection, PgTable::of(table)?, range).await.map(Answer::Count)
            }
        }
    }
}

/// What keys are bound to, as many of them from the first on as the budget allows.
pub(crate) async fn get(
    connection: &mut Connection,
    table: &PgTable,
    keys: &[Cell],
) -> Result<Vec<Result<Option<Cell>>>, Failure> {
    match keys {
        [] => return Ok(Vec::new()),
        [key] => {
            let rows = connection.rows(bind(connection.query(&table.get), key)).await?;
            return Ok(vec![rows.first().map(|row| cell(row, 0, table.value)).transpose()]);
        }
        _ => {}
    }
    let query = bind_all(connection.query(&table.get_all), table.key, keys.iter())?;
    let rows = connection.rows(query.bind(BUDGET)).await?;
    let mut found: Vec<Result<Option<Cell>>> = keys.iter().map(|_| Ok(None)).collect();
    for row in &rows {
        let position: i64 = row.try_get(0)?;
        let position = usize::try_from(position - 1).unwrap_or(usize::MAX);
        if !row.try_get::<bool, _>(2)? {
            // Sorted or not, nothing from here on was kept.
            found.truncate(position);
        } else if let Some(found) = found.get_mut(position) {
            *found = cell(row, 1, table.value).map(Some);
        }
    }
    Ok(found)
}

/// One page.
pub(crate) async fn scan(
    connection: &mut Connection,
    table: &PgTable,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
) -> Result<Page, Failure> {
    let limit = limit.min(MOST_ROWS);
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection.rows(table.page(connection, range, direction, most, BUDGET)).await?;
    let mut page = Page { rows: Vec::with_capacity(rows.len()), rest: None };
    let mut cut = rows.len() >= limit;
    let mut last = None;
    for row in &rows {
        if !row.try_get::<bool, _>(2)? {
            cut = true;
            break;
        }
        let key = cell(row, 0, table.key);
        last = key.as_ref().ok().cloned().or_else(|| unreadable(table.key));
        page.rows.push(binding(table, row, key));
    }
    if cut {
        page.rest = last.and_then(|last| range.rest(direction, &last));
    }
    Ok(page)
}

pub(crate) async fn count(
    connection: &mut Connection,
    table: &PgTable,
    range: &KeyRange,
) -> Result<u64, Failure> {
    let rows = connection.rows(table.count(connection, range)).await?;
    let count: i64 = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    Ok(count.unsigned_abs())
}

/// Where a key lies that cannot be read: NaN is the largest number, for the server and for us.
fn unreadable(key: CellType) -> Option<Cell> {
    (key == CellType::Real).then_some(Cell::Real(f64::NAN))
}

fn binding(table: &PgTable, row: &PgRow, key: Result<Cell>) -> Row {
    let key = key?;
    let value = cell(row, 1, table.value).map_err(|error| error.key(&key))?;
    Ok((key, value))
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Engine(error) => engine(error),
            Failure::Other(error) => error,
        }
    }
}
