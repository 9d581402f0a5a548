//! PostgreSQL.

use futures_util::TryStreamExt;
use persist_bench_kit::{Deadline, Result, Spot, Store};
use sqlx::postgres::PgPool;

#[derive(Clone)]
pub struct Postgres(PgPool);

const GET: &str = "SELECT value FROM rows WHERE key = $1";
const LOCK: &str = "SELECT value FROM rows WHERE key = $1 FOR UPDATE";
const PUT: &str = "INSERT INTO rows (key, value) VALUES ($1, $2) \
                   ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value";
const PUTS: &str = "INSERT INTO rows SELECT * FROM unnest($1::text[], $2::bytea[]) \
                    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value";
const ALL: &str = "SELECT key, value FROM rows ORDER BY key";

impl Postgres {
    pub async fn open(spot: &Spot) -> Result<Self> {
        let pool = PgPool::connect(spot.url.as_deref().ok_or("no server")?).await?;
        let create = "CREATE TABLE rows (key text COLLATE \"C\" PRIMARY KEY, value bytea NOT NULL)";
        sqlx::query(create).execute(&pool).await?;
        Ok(Self(pool))
    }
}

impl Store for Postgres {
    async fn get(&self, key: String) -> Result<usize> {
        let value: Vec<u8> = sqlx::query_scalar(GET).bind(key).fetch_one(&self.0).await?;
        Ok(value.len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        sqlx::query(PUT).bind(key).bind(value).execute(&self.0).await?;
        Ok(())
    }

    async fn update(&self, key: String, change: fn(&[u8]) -> Vec<u8>) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        let old: Vec<u8> = sqlx::query_scalar(LOCK).bind(&key).fetch_one(&mut *transaction).await?;
        sqlx::query(PUT).bind(key).bind(change(&old)).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn batch(&self, mut rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        // In one order, or two batches lock each other out.
        rows.sort_unstable();
        let (keys, values): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        sqlx::query(PUTS).bind(keys).bind(values).execute(&self.0).await?;
        Ok(())
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
