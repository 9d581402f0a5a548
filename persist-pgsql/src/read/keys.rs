//! What keys are bound to.

use std::sync::Arc;

use persist_core::backend::Cell;
use persist_core::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::{Row as _, ValueRef as _};

use super::{BUDGET, Failure, number};
use crate::connection::Connection;
use crate::sql::{GetShort, PgTable};

/// What keys are bound to, in their order.
type Found = Vec<Result<Option<Cell>>>;

/// What keys are bound to, as many of them from the first on as the budget allows.
pub(crate) async fn get(
    connection: &mut Connection,
    table: &PgTable,
    keys: &[&Cell],
) -> Result<Found, Failure> {
    match keys {
        [] => return Ok(Vec::new()),
        [key] => {
            let rows = connection.rows(table.key.bind(connection.query(&table.get), key)).await?;
            return Ok(vec![rows.first().map(|row| table.value.cell(row, 0)).transpose()]);
        }
        _ => {}
    }
    if let Some(query) = &table.get_short
        && let Some(share) = table.share(keys.len())
    {
        match get_short(connection, table, query, &Sorted::new(keys), share).await? {
            Some(found) => return Ok(found),
            None => table.note_long(share),
        }
    }
    let query = table.key.bind_all(connection.query(&table.get_all), keys.iter().copied())?;
    let rows = connection.rows(query.bind(BUDGET)).await?;
    let mut found = nothing(keys.len());
    for row in &rows {
        let position: i64 = row.try_get(0)?;
        let position = usize::try_from(position - 1).unwrap_or(usize::MAX);
        if !row.try_get::<bool, _>(2)? {
            // Sorted or not, nothing from here on was kept.
            found.truncate(position);
        } else if let Some(found) = found.get_mut(position) {
            *found = table.value.cell(row, 1).map(Some);
        }
    }
    Ok(found)
}

/// What sorted keys are bound to, if no value has more bytes than its share.
async fn get_short(
    connection: &mut Connection,
    table: &PgTable,
    query: &GetShort,
    keys: &Sorted<'_>,
    share: usize,
) -> Result<Option<Found>, Failure> {
    if !table.gaps.are_likely() {
        let mut same = keys.distinct();
        let read = Short { table, sql: &query.values, keys, share };
        let (found, has_gaps) = read.run(connection, |_| same.next()).await?;
        table.gaps.note(has_gaps);
        if !has_gaps {
            return Ok(found);
        }
    }
    // Whoever is bound to something must not be taken for somebody who is not.
    let mut unread = None;
    let of_row = |row: &PgRow| match table.key.cell(row, 1) {
        Ok(key) => Some(keys.same_as(&key)),
        Err(error) => {
            unread = Some(error);
            None
        }
    };
    let read = Short { table, sql: &query.rows, keys, share };
    let (found, has_gaps) = read.run(connection, of_row).await?;
    table.gaps.note(has_gaps);
    match unread {
        Some(error) => Err(error.into()),
        None => Ok(found),
    }
}

/// A read of values that may have no more bytes than their share.
struct Short<'r> {
    table: &'r PgTable,
    sql: &'r Arc<str>,
    keys: &'r Sorted<'r>,
    share: usize,
}

impl<'r> Short<'r> {
    /// What was found, unless some value was too long, and whether some key is bound to nothing.
    /// `same` tells which keys a row is of.
    async fn run(
        self,
        connection: &mut Connection,
        mut same: impl FnMut(&PgRow) -> Option<&'r [Asked<'r>]>,
    ) -> Result<(Option<Found>, bool), Failure> {
        let Self { table, keys, .. } = self;
        let (mut found, mut rows, mut are_short) = (nothing(keys.0.len()), 0, true);
        let see = |row: PgRow| {
            rows += 1;
            are_short &= !row.try_get_raw(0).is_ok_and(|value| value.is_null());
            if let Some([first, again @ ..]) = same(&row).filter(|_| are_short) {
                let value = table.value.cell(&row, 0).map(Some);
                for (_, place) in again {
                    put(&mut found, *place, value.as_ref().map_err(Error::duplicate).cloned());
                }
                put(&mut found, first.1, value);
            }
        };
        let mut distinct = 0;
        let once = keys.distinct().filter_map(|same| same.first()).inspect(|_| distinct += 1);
        let query = connection.query(self.sql);
        let query = table.key.bind_all(query, once.map(|(key, _)| *key))?;
        connection.each_row(query.bind(number(self.share)), see).await?;
        Ok((are_short.then_some(found), rows != distinct))
    }
}

fn nothing(keys: usize) -> Found {
    (0..keys).map(|_| Ok(None)).collect()
}

fn put(found: &mut Found, place: usize, value: Result<Option<Cell>>) {
    if let Some(found) = found.get_mut(place) {
        *found = value;
    }
}

/// A key, and its place among those that were asked for.
type Asked<'k> = (&'k Cell, usize);

/// Keys in their order.
struct Sorted<'k>(Vec<Asked<'k>>);

impl<'k> Sorted<'k> {
    fn new(keys: &[&'k Cell]) -> Self {
        let mut sorted: Vec<_> = keys.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        Self(sorted)
    }

    /// Those that are the same, for each that there is.
    fn distinct(&self) -> impl Iterator<Item = &[Asked<'k>]> {
        self.0.chunk_by(|a, b| a.0 == b.0)
    }

    /// Those that are this one.
    fn same_as(&self, key: &Cell) -> &[Asked<'k>] {
        let begin = self.0.partition_point(|(other, _)| *other < key);
        let same = self.0.get(begin..).unwrap_or_default();
        same.get(..same.partition_point(|(other, _)| *other == key)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_where_they_were_asked_for() {
        let keys = [3, 1, 3, 2, 1, 3].map(Cell::Integer);
        let keys: Vec<_> = keys.iter().collect();
        let sorted = Sorted::new(&keys);
        let places = |same: &[Asked<'_>]| same.iter().map(|(_, place)| *place).collect::<Vec<_>>();
        let distinct: Vec<_> = sorted.distinct().map(places).collect();
        assert_eq!(distinct, [vec![1, 4], vec![3], vec![0, 2, 5]]);
        let same: Vec<_> = (0..5).map(|key| places(sorted.same_as(&Cell::Integer(key)))).collect();
        assert_eq!(same, [vec![], vec![1, 4], vec![3], vec![0, 2, 5], vec![]]);
    }
}
