//! tokio-rusqlite: closures on the one thread that has the connection.

use persist_bench_kit::{
    Contestant, Deadline, Durability, Failure, Family, Opening, Result, Store,
};
use persist_bench_kit::{Tasks, serve};
use tokio_rusqlite::Connection;
use tokio_rusqlite::rusqlite::{self, TransactionBehavior, params};

const PUT: &str = "INSERT INTO rows (key, value) VALUES (?1, ?2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const GET: &str = "SELECT value FROM rows WHERE key = ?1";
const PAGE: &str = "SELECT key, value FROM rows WHERE key > ?1 ORDER BY key LIMIT 1000";

fn main() -> Result<()> {
    let versions = ["tokio-rusqlite 0.8".to_owned()];
    serve(&versions, |opening| async { open(opening).await })
}

async fn open(opening: Opening) -> Result<Box<dyn Contestant>> {
    let spot = opening.spot;
    let connection = Connection::open(spot.dir.join("rows.sqlite")).await?;
    let synchronous = if spot.durability == Durability::Full { "full" } else { "normal" };
    let store = Peer(connection);
    store
        .call(move |connection| {
            connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "cache_size", -16 * 1024)?;
            connection.execute_batch(
                "CREATE TABLE rows (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) \
                 STRICT, WITHOUT ROWID",
            )
        })
        .await?;
    Ok(Box::new(Tasks::loaded(store, spot.rows).await?))
}

#[derive(Clone)]
struct Peer(Connection);

impl Peer {
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.call(work).await.map_err(|error| Failure::from(error.to_string()))
    }

    /// A page as a user gets it: rows that leave the thread.
    async fn page(&self, after: String) -> Result<Vec<(String, Vec<u8>)>> {
        self.call(move |connection| {
            let mut page = connection.prepare_cached(PAGE)?;
            let rows = page.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .await
    }

    async fn pages(&self, until: Deadline) -> Result<u64> {
        let (mut seen, mut after) = (0, String::new());
        while !until.passed() {
            let mut page = std::hint::black_box(self.page(after).await?);
            seen += page.len() as u64;
            let Some((last, _)) = page.pop() else { break };
            after = last;
        }
        Ok(seen)
    }
}

impl Store for Peer {
    /// One connection has no second state to read beside its own writes.
    fn lacks(&self) -> &'static [Family] {
        &[Family::SnapshotScan]
    }

    async fn get(&self, key: String) -> Result<usize> {
        let get = move |connection: &mut rusqlite::Connection| {
            connection.prepare_cached(GET)?.query_row([key], |row| row.get::<_, Vec<u8>>(0))
        };
        Ok(self.call(get).await?.len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        self.call(move |connection| {
            connection.prepare_cached(PUT)?.execute(params![key, value]).map(drop)
        })
        .await
    }

    async fn update(&self, key: String, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        self.call(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let old: Vec<u8> =
                transaction.prepare_cached(GET)?.query_row([&key], |row| row.get(0))?;
            transaction.prepare_cached(PUT)?.execute(params![key, change(&old)])?;
            transaction.commit()
        })
        .await
    }

    async fn batch(&self, rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        self.call(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (key, value) in rows {
                transaction.prepare_cached(PUT)?.execute(params![key, value])?;
            }
            transaction.commit()
        })
        .await
    }

    async fn scan(&self, until: Deadline) -> Result<u64> {
        self.pages(until).await
    }

    async fn count(&self) -> Result<u64> {
        let count = |connection: &mut rusqlite::Connection| {
            let mut count = connection.prepare_cached("SELECT count(*) FROM rows")?;
            count.query_row([], |row| row.get::<_, i64>(0))
        };
        Ok(u64::try_from(self.call(count).await?)?)
    }
}
