//! Reading, on a connection that somebody has chosen.

mod keys;

use std::ops::Bound;

use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, Direction, KeyRange, Page, Row, TableHandle};
use persist_core::{Error, Result};
use sqlx::Row as _;

use crate::connection::Connection;
use crate::error::engine;
use crate::packed::Packed;
use crate::sql::PgTable;
use crate::work::Work;

pub(crate) use keys::get;

/// How many bytes of values and keys one answer may hold.
#[expect(clippy::cast_possible_wrap, reason = "it is a small number")]
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

impl Ask {
    /// What it is, for people.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Get { .. } => "a read",
            Self::Scan { .. } => "a scan",
            Self::Count { .. } => "a count",
        }
    }
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
                let keys: Vec<&Cell> = keys.iter().collect();
                let found = get(connection, PgTable::of(table)?, &keys).await?;
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

/// One page.
pub(crate) async fn scan(
    connection: &mut Connection,
    table: &PgTable,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
) -> Result<Page, Failure> {
    let limit = limit.min(MOST_ROWS);
    while let Some(rows) = table.short_rows(limit)
        && let Some(share) = table.share(rows)
    {
        match short_page(connection, table, range, direction, rows, share).await? {
            Short::Page(page) => return Ok(page),
            Short::HasLong => table.note_long(share),
            Short::NoPlace => break,
        }
    }
    let query = table.page(connection, range, direction, number(limit), BUDGET);
    let rows = connection.rows(query).await?;
    let mut page = Page { rows: Vec::with_capacity(rows.len()), rest: None };
    let mut cut = rows.len() >= limit;
    let mut last = None;
    for row in &rows {
        if !row.try_get::<bool, _>(2)? {
            cut = true;
            break;
        }
        last = table.key.place(row, 0);
        page.rows.push(binding(table.key.cell(row, 0), table.value.cell(row, 1)));
    }
    if cut {
        page.rest = last.and_then(|last| rest(range, direction, &last));
    }
    Ok(page)
}

/// What became of a page whose sizes were not added up.
enum Short {
    Page(Page),
    /// A value has more than its share.
    HasLong,
    /// The key that the rest comes after cannot be read.
    NoPlace,
}

/// A page, if each value is within its share of the budget.
async fn short_page(
    connection: &mut Connection,
    table: &PgTable,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
    share: usize,
) -> Result<Short, Failure> {
    let query = table.short_page(connection, range, direction, number(limit), number(share));
    let answer = connection.rows(query).await?;
    let mut page = Page { rows: Vec::new(), rest: None };
    for row in Packed::of(&answer)? {
        let (key, Some(value)) = row? else { return Ok(Short::HasLong) };
        page.rows.push(binding(table.key.sent(key), table.value.sent(value)));
    }
    if page.rows.len() >= limit {
        let Some(Ok((last, _))) = page.rows.last() else { return Ok(Short::NoPlace) };
        page.rest = rest(range, direction, last);
    }
    Ok(Short::Page(page))
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

fn binding(key: Result<Cell>, value: Result<Cell>) -> Row {
    let key = key?;
    let value = value.map_err(|error| error.key(&key))?;
    Ok((key, value))
}

/// A number of rows or bytes, as a parameter.
fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What is left of a range after the key at `last`.
///
/// A key that is not the text it should be is placed by its bytes, and then so is all of the range:
/// texts and bytes do not compare as cells, though they do where they are stored.
fn rest(range: &KeyRange, direction: Direction, last: &Cell) -> Option<KeyRange> {
    let alike = |bound: Bound<&Cell>| match bound {
        Bound::Included(cell) | Bound::Excluded(cell) => cell.cell_type() == last.cell_type(),
        Bound::Unbounded => true,
    };
    if alike(range.lower()) && alike(range.upper()) {
        return range.rest(direction, last);
    }
    let bytes = |cell: &Cell| match cell {
        Cell::Text(text) => Cell::Bytes(text.clone().into_bytes()),
        other => other.clone(),
    };
    let (lower, upper) = (range.lower().map(bytes), range.upper().map(bytes));
    KeyRange::new(lower, upper)?.rest(direction, &bytes(last))
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

impl Failure {
    /// The error for people. A conversion would be seen by whoever depends on this crate, and make
    /// the type of their errors ambiguous.
    pub(crate) fn told(self) -> Error {
        match self {
            Self::Engine(error) => engine(error),
            Self::Other(error) => error,
        }
    }
}
