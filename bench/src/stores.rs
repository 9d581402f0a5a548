//! The stores that are measured as they are by default, apart from the contests.

use std::time::Duration;

use persist_bench_kit::{Result, Spot};
use persist_core::Persist;

use crate::ground::Kind;

/// The engines of a process by itself.
pub const ALL: [&str; 3] = ["sqlite", "dbm", "pgsql"];

/// What an engine stands on.
pub fn kind(engine: &str) -> Kind {
    if engine == "pgsql" { Kind::Postgres } else { Kind::Files }
}

/// The cache that a new connection fills, as it is configured by default.
pub fn cache_mib(engine: &str) -> f64 {
    if engine == "sqlite" { 16.0 } else { 0.0 }
}

pub async fn open(engine: &str, spot: &Spot) -> Result<Persist> {
    let place = spot.dir.join("store");
    Ok(match engine {
        "sqlite" => persist_sqlite::Options::new(place).open().await?,
        "dbm" => persist_dbm::Options::new(place).open().await?,
        "dbm-shared" => {
            // The server is this program; it leaves when its directory is to go.
            let options = persist_dbm::Options::new(place).shared(true);
            options.idle_time(Duration::from_millis(1)).open().await?
        }
        "pgsql" => {
            let url = spot.url.as_deref().ok_or("no server")?;
            persist_pgsql::Options::new().url(url).open().await?
        }
        other => return Err(format!("there is no store of {other}").into()),
    })
}
