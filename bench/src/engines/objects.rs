//! Values under their hashes, in SQLite: ours beside the same by hand. A put is an `add`.

use persist_bench_kit::{Engine as Driven, Family, Result, Spot, Store};
use persist_core::column::Bytes;
use persist_core::objects::{Blake3, ContentAddressed, Digest};
use rusqlite::{Connection, params};

use super::sqlite::{connections, options};
use crate::entrant::{Engine, Entrant, Opener, Role};
use crate::ground::Kind;

pub fn engine() -> Engine {
    Engine {
        name: "objects",
        families: &[Family::PutFull, Family::PutRelaxed],
        durable: true,
        ground: Kind::Files,
        entrants: vec![Entrant::tasks("ours", Role::Ours, ours), Entrant::raw(raw)],
    }
}

#[derive(Clone)]
struct Ours(ContentAddressed<Blake3, Bytes>);

async fn ours(spot: Spot) -> Result<Ours> {
    Ok(Ours(ContentAddressed::open(&options(&spot).open().await?, "bench").await?))
}

impl Store for Ours {
    async fn get(&self, _: String) -> Result<usize> {
        Err(unnamed())
    }

    async fn put(&self, _: String, value: Vec<u8>) -> Result<()> {
        Ok(self.0.add(&value).await.map(drop)?)
    }

    async fn batch(&self, rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        let values = rows.iter().map(|(_, value)| value.as_slice());
        Ok(self.0.add_all(values).await.map(drop)?)
    }
}

struct Raw(Connection);

const ADD: &str = "INSERT OR IGNORE INTO objects (hash, value) VALUES (?1, ?2)";

fn raw(spot: &Spot) -> Result<Opener<Raw>> {
    let open = connections(
        spot,
        "CREATE TABLE objects (hash BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) \
         STRICT, WITHOUT ROWID",
    )?;
    Ok(Box::new(move || open().map(Raw)))
}

impl Driven for Raw {
    fn threads(_: Family, _: u64) -> u64 {
        1
    }

    fn get(&mut self, _: &str) -> Result<usize> {
        Err(unnamed())
    }

    fn put(&mut self, _: &str, value: &[u8]) -> Result<()> {
        let hash = Digest::<Blake3>::of(value);
        self.0.prepare_cached(ADD)?.execute(params![hash.as_bytes(), value])?;
        Ok(())
    }

    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        let transaction = self.0.transaction()?;
        for (_, value) in rows {
            let hash = Digest::<Blake3>::of(value);
            transaction.prepare_cached(ADD)?.execute(params![hash.as_bytes(), value])?;
        }
        Ok(transaction.commit()?)
    }
}

fn unnamed() -> persist_bench_kit::Failure {
    "an object is read by its hash, not by a key".into()
}
