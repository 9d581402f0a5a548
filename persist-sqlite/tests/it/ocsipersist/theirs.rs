//! Ocsipersist, as far as SQLite sees it: a connection for each operation, no waiting, and rows
//! visited in the order of their numbers.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql};

use crate::Dir;

pub(super) struct Theirs<'d>(&'d Dir);

/// An OCaml string as text: any bytes.
pub(super) struct Raw<'b>(pub(super) &'b [u8]);

impl ToSql for Raw<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

impl<'d> Theirs<'d> {
    pub(super) fn new(dir: &'d Dir) -> Self {
        Self(dir)
    }

    pub(super) fn create(&self, table: &str, key: &str, value: &str) {
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS store___{table}\n             (key {key}, value {value}, PRIMARY KEY (key) ON CONFLICT REPLACE)"
        );
        self.on(|connection| connection.execute(&sql, []));
    }

    pub(super) fn find(&self, table: &str, key: impl ToSql) -> Option<Value> {
        let sql = format!("SELECT value FROM store___{table} WHERE key = :key ");
        self.on(|connection| {
            connection.query_row(&sql, &[(":key", &key)], |row| row.get(0)).optional()
        })
    }

    pub(super) fn add(&self, table: &str, key: impl ToSql, value: impl ToSql) {
        let sql = format!("INSERT INTO store___{table} VALUES ( :key , :value )");
        let bound: [(&str, &dyn ToSql); 2] = [(":key", &key), (":value", &value)];
        self.on(|connection| connection.execute(&sql, &bound));
    }

    pub(super) fn remove(&self, table: &str, key: impl ToSql) {
        let sql = format!("DELETE FROM store___{table} WHERE key = :key ");
        self.on(|connection| connection.execute(&sql, &[(":key", &key)]));
    }

    pub(super) fn length(&self, table: &str) -> i64 {
        let sql = format!("SELECT count (1) FROM store___{table} ");
        self.on(|connection| connection.query_row(&sql, [], |row| row.get(0)))
    }

    /// The keys that an iteration visits, one query for each.
    pub(super) fn keys(&self, table: &str) -> Vec<Value> {
        let sql = format!("SELECT key, value, ROWID FROM store___{table} WHERE ROWID > :rowid");
        let (mut keys, mut place) = (Vec::new(), 0);
        let next = |place: i64| {
            self.on(|connection| {
                let row = connection.query_row(&sql, &[(":rowid", &place)], |row| {
                    Ok((row.get::<_, Value>(0)?, row.get::<_, i64>(2)?))
                });
                row.optional()
            })
        };
        while let Some((key, rowid)) = next(place) {
            keys.push(key);
            place = rowid;
        }
        keys
    }

    fn on<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        let connection = self.0.connect();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        work(&connection).unwrap()
    }
}
