//! PostgreSQL: tokio-postgres by hand, and the libraries that one would take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use persist_bench_kit::{Deadline, Durability, Family, Result, Spot, Store};
use tokio::sync::Mutex;
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::entrant::{Engine, Entrant, Role};
use crate::ground::Kind;

pub fn engine() -> Engine {
    Engine {
        name: "pgsql",
        families: &Family::ROWS,
        durable: true,
        ground: Kind::Postgres,
        entrants: vec![
            Entrant::ours(|spot| async move {
                let url = spot.url.unwrap_or_default();
                let durability = match spot.durability {
                    Durability::Full => persist_core::Durability::Full,
                    Durability::Relaxed => persist_core::Durability::Relaxed,
                };
                persist_pgsql::Options::new().url(url).durability(durability).open().await
            }),
            Entrant::tasks("raw", Role::Raw, Raw::open),
            Entrant::helper("sqlx", "postgres"),
            Entrant::helper("opendal", "postgresql"),
        ],
    }
}

/// How many connections transactions share.
const CONNECTIONS: usize = 8;

/// Prepared statements, pipelined on one connection; transactions, which cannot be, have others.
#[derive(Clone)]
struct Raw {
    pipelined: Arc<Connection>,
    transactions: Arc<[Mutex<Connection>]>,
    next: Arc<AtomicUsize>,
}

struct Connection {
    client: Client,
    get: Statement,
    lock: Statement,
    put: Statement,
    puts: Statement,
    page: Statement,
    count: Statement,
}

impl Raw {
    async fn open(spot: Spot) -> Result<Self> {
        let config: Config = spot.url.ok_or("no server")?.parse()?;
        let (client, connection) = config.connect(NoTls).await?;
        let driver = tokio::spawn(connection);
        let create = "CREATE TABLE rows (key text COLLATE \"C\" PRIMARY KEY, value bytea NOT NULL)";
        client.batch_execute(create).await?;
        drop(client);
        driver.await??;
        let mut transactions = Vec::new();
        for _ in 0..CONNECTIONS {
            transactions.push(Mutex::new(Connection::open(&config).await?));
        }
        let pipelined = Arc::new(Connection::open(&config).await?);
        Ok(Self { pipelined, transactions: transactions.into(), next: Arc::default() })
    }

    /// The connections in turn.
    async fn connection(&self) -> tokio::sync::MutexGuard<'_, Connection> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        self.transactions[next].lock().await
    }
}

impl Connection {
    async fn open(config: &Config) -> Result<Self> {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        let get = "SELECT value FROM rows WHERE key = $1";
        let put =
            "INSERT INTO rows SELECT $1, $2 ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value";
        let puts = "INSERT INTO rows SELECT * FROM unnest($1::text[], $2::bytea[]) \
                    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value";
        let page = "SELECT key, value FROM rows WHERE key > $1 ORDER BY key LIMIT 1000";
        Ok(Self {
            get: client.prepare(get).await?,
            lock: client.prepare(&format!("{get} FOR UPDATE")).await?,
            put: client.prepare(put).await?,
            puts: client.prepare(puts).await?,
            page: client.prepare(page).await?,
            count: client.prepare("SELECT count(*) FROM rows").await?,
            client,
        })
    }

    /// Reads all rows by pages, as far as it gets.
    async fn pages(&self, until: Deadline) -> Result<u64> {
        let (mut seen, mut after) = (0, String::new());
        while !until.passed() {
            let page = self.client.query(&self.page, &[&after]).await?;
            for row in &page {
                after = row.try_get(0)?;
                std::hint::black_box(row.try_get::<_, Vec<u8>>(1)?);
            }
            seen += page.len() as u64;
            if page.is_empty() {
                break;
            }
        }
        Ok(seen)
    }
}

impl Store for Raw {
    async fn get(&self, key: String) -> Result<usize> {
        let Connection { client, get, .. } = &*self.pipelined;
        let row = client.query_one(get, &[&key]).await?;
        Ok(row.try_get::<_, Vec<u8>>(0)?.len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        let Connection { client, put, .. } = &*self.pipelined;
        client.execute(put, &[&key, &value]).await?;
        Ok(())
    }

    async fn update(&self, key: String, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        let mut connection = self.connection().await;
        let Connection { client, lock, put, .. } = &mut *connection;
        let transaction = client.transaction().await?;
        let row = transaction.query_one(lock, &[&key]).await?;
        let new = change(row.try_get(0)?);
        transaction.execute(put, &[&key, &new]).await?;
        Ok(transaction.commit().await?)
    }

    async fn batch(&self, mut rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        // In one order, or two batches lock each other out.
        rows.sort_unstable();
        let (keys, values): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let Connection { client, puts, .. } = &*self.pipelined;
        client.execute(puts, &[&keys, &values]).await?;
        Ok(())
    }

    async fn scan(&self, until: Deadline) -> Result<u64> {
        self.connection().await.pages(until).await
    }

    /// One statement reads one state, as a stream.
    async fn snapshot_scan(&self, until: Deadline) -> Result<u64> {
        let connection = self.connection().await;
        let all = "SELECT key, value FROM rows ORDER BY key";
        let rows = connection.client.query_raw(all, std::iter::empty::<&str>()).await?;
        let mut rows = std::pin::pin!(rows.chunks(1000));
        let mut seen = 0;
        while let Some(chunk) = rows.next().await {
            for row in chunk {
                let row = row?;
                std::hint::black_box((row.try_get::<_, String>(0)?, row.try_get::<_, Vec<u8>>(1)?));
                seen += 1;
            }
            if until.passed() {
                break;
            }
        }
        Ok(seen)
    }

    async fn count(&self) -> Result<u64> {
        let Connection { client, count, .. } = &*self.connection().await;
        let rows: i64 = client.query_one(count, &[]).await?.try_get(0)?;
        Ok(u64::try_from(rows)?)
    }
}
