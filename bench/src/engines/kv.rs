//! Values in dictionaries, in SQLite: ours beside a table of paths by hand.
//!
//! A put is a `set`. Each key is in one of 256 dictionaries, and beside them is a large value.

use persist_bench_kit::data::{LARGE, PART};
use persist_bench_kit::{Engine as Driven, Family, Result, Spot, Store, WORKERS, reading};
use persist_core::kv::{Error, Kv};
use rusqlite::{Connection, OptionalExtension, params};

use super::sqlite::{connections, options};
use crate::entrant::{Engine, Entrant, Opener, Role};
use crate::ground::Kind;

pub fn engine() -> Engine {
    Engine {
        name: "kv",
        families: &[
            Family::Get,
            Family::PutFull,
            Family::PutRelaxed,
            Family::List,
            Family::Partial,
        ],
        durable: true,
        ground: Kind::Files,
        entrants: vec![Entrant::tasks("ours", Role::Ours, ours), Entrant::raw(raw)],
    }
}

const LARGE_KEY: &str = "large";

/// The dictionary of a key: what its first two digits say.
fn dictionary(key: &str) -> &str {
    key.get(..2).unwrap_or(key)
}

fn path(key: &str) -> String {
    format!("{}/{key}", dictionary(key))
}

#[derive(Clone)]
struct Ours(Kv);

async fn ours(spot: Spot) -> Result<Ours> {
    let kv = Kv::open(&options(&spot).open().await?, "files").await?;
    kv.set(LARGE_KEY, vec![7; LARGE]).await?;
    Ok(Ours(kv))
}

impl Store for Ours {
    async fn get(&self, key: String) -> Result<usize> {
        Ok(self.0.get(path(&key)).await?.len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        Ok(self.0.set(path(&key), value).await?)
    }

    async fn batch(&self, rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        let sets = self.0.batch(|batch| {
            let rows = rows.clone();
            async move {
                for (key, value) in rows {
                    batch.set(path(&key), value).await?;
                }
                Ok::<_, Error>(())
            }
        });
        Ok(sets.await?)
    }

    async fn list(&self, key: String) -> Result<u64> {
        Ok(self.0.list(dictionary(&key)).await?.len() as u64)
    }

    async fn part(&self, offset: u64) -> Result<usize> {
        whole(self.0.get_partial(LARGE_KEY, offset, PART as u64).await?.len())
    }
}

/// A table of paths. Dictionaries are but their beginnings, so nothing keeps a value from having
/// the path of a dictionary.
struct Raw(Connection);

const SET: &str = "INSERT INTO files (path, modified, value) VALUES (?1, unixepoch(), ?2) \
                   ON CONFLICT (path) DO UPDATE SET modified = excluded.modified, \
                   value = excluded.value";

fn raw(spot: &Spot) -> Result<Opener<Raw>> {
    let open = connections(
        spot,
        "CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, \
         modified INTEGER NOT NULL, value BLOB NOT NULL) STRICT",
    )?;
    open()?.execute(SET, params![LARGE_KEY, vec![7_u8; LARGE]])?;
    Ok(Box::new(move || open().map(Raw)))
}

impl Driven for Raw {
    fn threads(family: Family, _: u64) -> u64 {
        if reading(family) { WORKERS as u64 } else { 1 }
    }

    fn get(&mut self, key: &str) -> Result<usize> {
        let mut get = self.0.prepare_cached("SELECT value FROM files WHERE path = ?1")?;
        let value: Option<Vec<u8>> = get.query_row([path(key)], |row| row.get(0)).optional()?;
        Ok(value.ok_or("a key is missing")?.len())
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.0.prepare_cached(SET)?.execute(params![path(key), value])?;
        Ok(())
    }

    fn batch(&mut self, rows: &[(String, Vec<u8>)]) -> Result<()> {
        let transaction = self.0.transaction()?;
        for (key, value) in rows {
            transaction.prepare_cached(SET)?.execute(params![path(key), value])?;
        }
        Ok(transaction.commit()?)
    }

    fn list(&mut self, key: &str) -> Result<u64> {
        // `0` comes right after `/`.
        const LIST: &str = "SELECT path FROM files \
                            WHERE path > ?1 || '/' AND path < ?1 || '0' ORDER BY path";
        let mut list = self.0.prepare_cached(LIST)?;
        let paths: std::result::Result<Vec<String>, _> =
            list.query_map([dictionary(key)], |row| row.get(0))?.collect();
        Ok(std::hint::black_box(paths?).len() as u64)
    }

    fn part(&mut self, offset: u64) -> Result<usize> {
        let mut find = self.0.prepare_cached("SELECT id FROM files WHERE path = ?1")?;
        let id = find.query_row([LARGE_KEY], |row| row.get(0))?;
        let value = self.0.blob_open("main", "files", "value", id, true)?;
        let mut part = vec![0; PART];
        whole(value.read_at(&mut part, usize::try_from(offset)?)?)
    }
}

fn whole(length: usize) -> Result<usize> {
    if length == PART { Ok(length) } else { Err("a part is too short".into()) }
}
