//! Where contestants store their rows.

use std::fs;
use std::path::Path;

use persist_bench_kit::{Durability, Result, Spot};

use persist_servers::{Fsync, Postgres, Redis};
use tempfile::TempDir;

/// What an engine needs to stand on.
#[derive(Clone, Copy)]
pub enum Kind {
    Files,
    Postgres,
    Redis,
}

/// A temporary directory and perhaps a private server, gone when this is.
pub struct Ground {
    dir: TempDir,
    postgres: Option<Postgres>,
    redis: Option<Redis>,
}

impl Ground {
    pub fn prepare(kind: Kind, durability: Durability) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("persist-bench-").tempdir()?;
        let mut ground = Self { dir, postgres: None, redis: None };
        match kind {
            Kind::Files => {}
            Kind::Postgres => {
                ground.postgres = Some(Postgres::builder().max_connections(200).start()?);
            }
            Kind::Redis => {
                let fsync = match durability {
                    Durability::Full => Fsync::Always,
                    Durability::Relaxed => Fsync::EverySecond,
                };
                ground.redis = Some(Redis::builder().fsync(fsync).start()?);
            }
        }
        Ok(ground)
    }

    /// A spot of this contestant's own.
    pub fn spot(&self, name: &str, durability: Durability, rows: u64) -> Result<Spot> {
        let name = format!("{name}-{}", durability.name());
        let dir = self.dir.path().join(&name);
        fs::create_dir(&dir)?;
        // Only one contestant stores its rows in Redis, so the server is its own.
        let mut url = self.redis.as_ref().map(Redis::url);
        if let Some(server) = &self.postgres {
            server.create_database(&name, "")?;
            if durability == Durability::Relaxed {
                // For whoever connects, and however: some have no setting for it.
                server.psql(&format!("ALTER DATABASE \"{name}\" SET synchronous_commit = off"))?;
            }
            url = Some(server.url_for(&name));
        }
        Ok(Spot { dir, url, durability, rows })
    }
    /// How many bytes there are on a spot: in files, or in the tables and indexes of its database.
    pub fn stored(&self, spot: &Spot) -> Result<u64> {
        let Some(server) = &self.postgres else { return size(&spot.dir) };
        let database = spot.dir.file_name().unwrap_or_default().to_string_lossy();
        let sizes = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class \
                     WHERE relkind = 'r' AND oid >= 16384";
        Ok(server.psql_in(&database, sizes)?.parse()?)
    }
}

/// How many bytes the files below a directory have.
fn size(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let data = entry.metadata()?;
        total += if data.is_dir() { size(&entry.path())? } else { data.len() };
    }
    Ok(total)
}
