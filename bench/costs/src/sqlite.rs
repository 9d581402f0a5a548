//! The typed table over SQLite, and rusqlite by hand.

use std::hint::black_box;

use persist_bench_kit::{Result, data};
use persist_core::column::{Bytes, Text};
use persist_core::{Durability, Table};
use rusqlite::{Connection, OptionalExtension, params};
use tempfile::TempDir;

use crate::Side;
use crate::work::Keys;

pub(crate) struct Sqlite {
    table: Table<Text, Bytes>,
    raw: Connection,
    _dir: TempDir,
}

impl Sqlite {
    pub(crate) async fn open(keys: &Keys) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("persist-bench-").tempdir()?;
        let options = persist_sqlite::Options::new(dir.path().join("ours.sqlite"));
        let store = options.durability(Durability::Relaxed).open().await?;
        let table: Table<Text, Bytes> = store.table("rows").await?;
        let mut raw = Connection::open(dir.path().join("raw.sqlite"))?;
        raw.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        raw.pragma_update(None, "synchronous", "normal")?;
        raw.pragma_update(None, "cache_size", -16 * 1024)?;
        raw.execute_batch(
            "CREATE TABLE rows (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) \
             STRICT, WITHOUT ROWID",
        )?;
        let (transaction, mut batch) = (raw.transaction()?, store.batch());
        for (n, key) in (0..).zip(keys.all()) {
            let value = data::value(0, n);
            batch.insert(&table, key, &value)?;
            transaction.execute("INSERT INTO rows VALUES (?1, ?2)", params![key, value])?;
        }
        transaction.commit()?;
        let _ = batch.commit().await?;
        Ok(Self { table, raw, _dir: dir })
    }

    pub(crate) async fn get(&self, side: Side, keys: &mut Keys, n: u64) -> Result<()> {
        for _ in 0..n {
            let key = keys.pick();
            let value = match side {
                Side::Ours => self.table.get(key).await?,
                Side::Bare => self.raw_get(key)?,
            };
            black_box(value.ok_or("a key is missing")?);
        }
        Ok(())
    }

    fn raw_get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let mut get = self.raw.prepare_cached("SELECT value FROM rows WHERE key = ?1")?;
        Ok(get.query_row([key], |row| row.get(0)).optional()?)
    }
}
