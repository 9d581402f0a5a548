//! Tables of Ocsipersist, used in place.

mod adopting;
mod bad_rows;
mod manifest;
mod order;
mod theirs;
mod views;
mod writing;

use std::ops::RangeBounds;

use persist_core::column::{Column, KeyColumn};
use persist_core::{Committed, Persist, Table};

use crate::Dir;
use theirs::Theirs;

/// A database that Ocsipersist has written.
const FIXTURE: &[u8] = include_bytes!("../fixtures/ocsipersist.db");

/// A copy of the database that Ocsipersist has written.
fn copy() -> Dir {
    let dir = Dir::new();
    std::fs::write(dir.file(), FIXTURE).unwrap();
    dir
}

/// A database with one table of Ocsipersist, `t`.
fn made(key: &str, value: &str) -> Dir {
    let dir = Dir::new();
    Theirs::new(&dir).create("t", key, value);
    dir
}

async fn open(dir: &Dir) -> Persist {
    dir.options().ocsipersist(true).open().await.unwrap()
}

async fn remove_range<'a, K: KeyColumn, V: Column>(
    store: &Persist,
    table: &Table<K, V>,
    range: impl RangeBounds<K::Borrowed<'a>>,
) {
    let mut batch = store.batch();
    batch.remove_range(table, range).unwrap();
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
}

/// The cells of a table as SQLite holds them: `rowid type:content type:content`, in the order of
/// rows. Text and blobs are shown in hexadecimal.
fn cells(dir: &Dir, table: &str) -> Vec<String> {
    let shown = |column: &str| {
        format!(
            "typeof({column}) || ':' || CASE typeof({column}) \
             WHEN 'real' THEN printf('%!.17g', {column}) ELSE hex({column}) END"
        )
    };
    let sql = format!(
        "SELECT rowid || ' ' || {} || ' ' || {} FROM store___{table} ORDER BY rowid",
        shown("key"),
        shown("value")
    );
    let connection = dir.connect();
    let mut select = connection.prepare(&sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The definitions of everything in the database.
fn definitions(dir: &Dir) -> Vec<(String, Option<String>)> {
    let connection = dir.connect();
    let mut select =
        connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY rowid").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
