//! OpenDAL, over each of the engines that it shares with us.

use futures_util::TryStreamExt;
use opendal::services::{Memory, Postgresql, Sled, Sqlite};
use opendal::{Builder, Operator};
use persist_bench_kit::{Contestant, Deadline, Family, Opening, Result, Spot, Store, Tasks, serve};
use sqlx::Connection;

/// It has neither updates nor batches nor snapshots.
const ITSELF: &[Family] =
    &[Family::UpdateHot, Family::UpdateSpread, Family::Batch100, Family::SnapshotScan];

/// Nor does it list what is in SQLite, or let one choose how durable that is.
const IN_SQLITE: &[Family] = &[
    Family::UpdateHot,
    Family::UpdateSpread,
    Family::Batch100,
    Family::SnapshotScan,
    Family::Scan,
    Family::Count,
    Family::PutRelaxed,
];

/// Nor what is in PostgreSQL.
const IN_POSTGRESQL: &[Family] = &[
    Family::UpdateHot,
    Family::UpdateSpread,
    Family::Batch100,
    Family::SnapshotScan,
    Family::Scan,
    Family::Count,
];

/// Nor does it ever flush sled.
const IN_SLED: &[Family] = &[
    Family::UpdateHot,
    Family::UpdateSpread,
    Family::Batch100,
    Family::SnapshotScan,
    Family::PutFull,
    Family::Mixed,
];

fn main() -> Result<()> {
    serve(&["opendal 0.59".to_owned()], |opening| async { open(opening).await })
}

async fn open(Opening { engine, spot }: Opening) -> Result<Box<dyn Contestant>> {
    let peer = match engine.as_str() {
        "memory" => Peer::new(Memory::default(), ITSELF)?,
        "sled" => {
            let service = Sled::default().datadir(&spot.dir.to_string_lossy()).tree("rows");
            Peer::new(service, IN_SLED)?
        }
        "sqlite" => sqlite(&spot).await?,
        "postgresql" => postgresql(&spot).await?,
        _ => return Err(format!("OpenDAL has no {engine}").into()),
    };
    Ok(Box::new(Tasks::loaded(peer, spot.rows).await?))
}

/// The table, and the write-ahead log, are the user's to make.
async fn sqlite(spot: &Spot) -> Result<Peer> {
    let url = format!("sqlite://{}", spot.dir.join("rows.sqlite").display());
    let mut connection = sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc")).await?;
    sqlx::query("PRAGMA journal_mode = wal").execute(&mut connection).await?;
    let create = "CREATE TABLE rows (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) \
                  STRICT, WITHOUT ROWID";
    sqlx::query(create).execute(&mut connection).await?;
    connection.close().await?;
    let service = Sqlite::default().connection_string(&url).table("rows");
    Peer::new(service.key_field("key").value_field("value"), IN_SQLITE)
}

async fn postgresql(spot: &Spot) -> Result<Peer> {
    let url = spot.url.as_deref().ok_or("no server")?;
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let create = "CREATE TABLE rows (key text COLLATE \"C\" PRIMARY KEY, value bytea NOT NULL)";
    sqlx::query(create).execute(&mut connection).await?;
    connection.close().await?;
    let service = Postgresql::default().connection_string(url).table("rows");
    Peer::new(service.key_field("key").value_field("value"), IN_POSTGRESQL)
}

#[derive(Clone)]
struct Peer {
    operator: Operator,
    lacks: &'static [Family],
}

impl Peer {
    fn new(service: impl Builder, lacks: &'static [Family]) -> Result<Self> {
        Ok(Self { operator: Operator::new(service)?, lacks })
    }
}

impl Store for Peer {
    fn lacks(&self) -> &'static [Family] {
        self.lacks
    }

    async fn get(&self, key: String) -> Result<usize> {
        Ok(self.operator.read(&key).await?.to_vec().len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        self.operator.write(&key, value).await?;
        Ok(())
    }

    /// It lists names; the values are read one by one.
    async fn scan(&self, until: Deadline) -> Result<u64> {
        let mut names = self.operator.lister("/").await?;
        let mut seen = 0;
        while let Some(name) = names.try_next().await? {
            std::hint::black_box(self.operator.read(name.path()).await?.to_vec());
            seen += 1;
            if seen % 64 == 0 && until.passed() {
                break;
            }
        }
        Ok(seen)
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.operator.list("/").await?.len() as u64)
    }
}
