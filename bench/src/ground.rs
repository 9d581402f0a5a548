//! Where contestants store their rows.

use std::fs;

use persist_bench_kit::{Durability, Result, Spot};
use persist_servers::Postgres;
use tempfile::TempDir;

/// What an engine needs to stand on.
#[derive(Clone, Copy)]
pub enum Kind {
    Files,
    Postgres,
}

/// A temporary directory and perhaps a private server, gone when this is.
pub struct Ground {
    dir: TempDir,
    postgres: Option<Postgres>,
}

impl Ground {
    pub fn prepare(kind: Kind) -> Result<Self> {
        let postgres = match kind {
            Kind::Files => None,
            Kind::Postgres => Some(Postgres::builder().max_connections(200).start()?),
        };
        Ok(Self { dir: tempfile::tempdir()?, postgres })
    }

    /// A spot of this contestant's own.
    pub fn spot(&self, name: &str, durability: Durability, rows: u64) -> Result<Spot> {
        let name = format!("{name}-{}", durability.name());
        let dir = self.dir.path().join(&name);
        fs::create_dir(&dir)?;
        let mut url = None;
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
