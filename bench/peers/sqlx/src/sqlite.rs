//! SQLite.

use futures_util::TryStreamExt;
use persist_bench_kit::{Deadline, Durability, Result, Spot, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

#[derive(Clone)]
pub struct Sqlite(SqlitePool);

const GET: &str = "SELECT value FROM rows WHERE key = ?1";
const PUT: &str = "INSERT INTO rows (key, value) VALUES (?1, ?2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const ALL: &str = "SELECT key, value FROM rows ORDER BY key";

impl Sqlite {
    pub async fn open(spot: &Spot) -> Result<Self> {
        let synchronous = match spot.durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Relaxed => SqliteSynchronous::Normal,
        };
        let options = SqliteConnectOptions::new()
            .filename(spot.dir.join("rows.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .pragma("cache_size", "-16384");
        let pool = SqlitePool::connect_with(options).await?;
        let create = "CREATE TABLE rows (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) \
                      STRICT, WITHOUT ROWID";
        sqlx::query(create).execute(&pool).await?;
        Ok(Self(pool))
    }
}

impl Store for Sqlite {
    async fn get(&self, key: String) -> Result<usize> {
        let value: Vec<u8> = sqlx::query_scalar(GET).bind(key).fetch_one(&self.0).await?;
        Ok(value.len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        sqlx::query(PUT).bind(key).bind(value).execute(&self.0).await?;
        Ok(())
    }

    async fn update(&self, key: String, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let old: Vec<u8> = sqlx::query_scalar(GET).bind(&key).fetch_one(&mut *transaction).await?;
        sqlx::query(PUT).bind(key).bind(change(&old)).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn batch(&self, rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        for (key, value) in rows {
            sqlx::query(PUT).bind(key).bind(value).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn scan(&self, until: Deadline) -> Result<u64> {
        let mut rows = sqlx::query_as::<_, (String, Vec<u8>)>(ALL).fetch(&self.0);
        let mut seen = 0;
        while let Some(row) = rows.try_next().await? {
            std::hint::black_box(row);
            seen += 1;
            if seen % 4096 == 0 && until.passed() {
                break;
            }
        }
        Ok(seen)
    }

    /// One statement reads one state.
    async fn snapshot_scan(&self, until: Deadline) -> Result<u64> {
        self.scan(until).await
    }

    async fn count(&self) -> Result<u64> {
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM rows").fetch_one(&self.0).await?;
        Ok(u64::try_from(rows)?)
    }
}
