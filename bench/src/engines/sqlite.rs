//! SQLite: ours beside rusqlite by hand, and the libraries that make it asynchronous.

use persist_bench_kit::{Deadline, Durability, Engine as Driven, Family, Result, Spot};
use persist_bench_kit::{WORKERS, reading};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::entrant::{Engine, Entrant, Opener};
use crate::ground::Kind;
use crate::ours::durability;

pub fn engine() -> Engine {
    Engine {
        name: "sqlite",
        families: &Family::ROWS,
        durable: true,
        ground: Kind::Files,
        entrants: vec![
            Entrant::ours(|spot| options(&spot).open()),
            Entrant::raw(raw),
            Entrant::helper("sqlx", "sqlite"),
            Entrant::helper("tokio-rusqlite", "sqlite"),
            Entrant::helper("opendal", "sqlite"),
        ],
    }
}

pub(super) fn options(spot: &Spot) -> persist_sqlite::Options {
    persist_sqlite::Options::new(spot.dir.join("rows.sqlite")).durability(durability(spot))
}

/// A connection with cached statements, in autocommit.
pub(super) struct Raw(Connection);

const PUT: &str = "INSERT INTO rows (key, value) VALUES (?1, ?2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const GET: &str = "SELECT value FROM rows WHERE key = ?1";
const SET: &str = "UPDATE rows SET value = ?2 WHERE key = ?1";

pub(super) fn raw(spot: &Spot) -> Result<Opener<Raw>> {
    let open = connections(
        spot,
        "CREATE TABLE rows (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) \
         STRICT, WITHOUT ROWID",
    )?;
    Ok(Box::new(move || open().map(Raw)))
}

/// What opens connections to a new file with this schema.
pub(super) fn connections(spot: &Spot, schema: &str) -> Result<Opener<Connection>> {
    let file = spot.dir.join("rows.sqlite");
    let synchronous = if spot.durability == Durability::Full { "full" } else { "normal" };
    let open = move || {
        let connection = Connection::open(&file)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "cache_size", -16 * 1024)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(connection)
    };
    open()?.execute_batch(schema)?;
    Ok(Box::new(open))
}

impl Raw {
    fn pages(&self, mut page: impl FnMut(u64) -> bool) -> Result<()> {
        const PAGE: &str = "SELECT key, value FROM rows WHERE key > ?1 ORDER BY key LIMIT 1000";
        let mut after = String::new();
        loop {
            let mut statement = self.0.prepare_cached(PAGE)?;
            let mut rows = statement.query([&after])?;
            let mut seen = 0;
            while let Some(row) = rows.next()? {
                after = row.get(0)?;
                std::hint::black_box(row.get::<_, Vec<u8>>(1)?);
                seen += 1;
            }
            if !page(seen) || seen == 0 {
                return Ok(());
            }
        }
    }
}

impl Driven for Raw {
    /// SQLite has one writer; a second one would only wait for it.
    fn threads(family: Family, _: u64) -> u64 {
        if reading(family) { WORKERS as u64 } else { 1 }
    }

    fn get(&mut self, key: &str) -> Result<usize> {
        let mut get = self.0.prepare_cached(GET)?;
        let value: Option<Vec<u8>> = get.query_row([key], |row| row.get(0)).optional()?;
        Ok(value.ok_or("a key is missing")?.len())
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.0.prepare_cached(PUT)?.execute(params![key, value])?;
        Ok(())
    }

    fn update(&mut self, key: &str, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let old: Vec<u8> = transaction.prepare_cached(GET)?.query_row([key], |row| row.get(0))?;
        transaction.prepare_cached(SET)?.execute(params![key, change(&old)])?;
        Ok(transaction.commit()?)
    }

    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (key, value) in rows {
            transaction.prepare_cached(PUT)?.execute(params![key, value])?;
        }
        Ok(transaction.commit()?)
    }

    fn scan(&mut self, until: Deadline) -> Result<u64> {
        let mut seen = 0;
        self.pages(|page| {
            seen += page;
            !until.passed()
        })?;
        Ok(seen)
    }

    fn snapshot_scan(&mut self, until: Deadline) -> Result<u64> {
        self.0.execute_batch("BEGIN")?;
        let seen = self.scan(until);
        self.0.execute_batch("COMMIT")?;
        seen
    }

    fn count(&mut self) -> Result<u64> {
        let mut count = self.0.prepare_cached("SELECT count(*) FROM rows")?;
        let rows: i64 = count.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(rows)?)
    }
}
