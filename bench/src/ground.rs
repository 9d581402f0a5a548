//! Where contestants store their rows.

use std::fs;

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
}
