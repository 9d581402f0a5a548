//! sled behind a server that several processes share, beside a bare Redis: both over a socket of
//! the same kind.

use std::time::Duration;

use persist_bench_kit::{Family, Result, Spot, Store};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use crate::entrant::{Engine, Entrant, Role};
use crate::ground::Kind;
use crate::ours::durability;

pub fn engine() -> Engine {
    Engine {
        name: "dbm-shared",
        families: &[
            Family::Get,
            Family::PutFull,
            Family::PutRelaxed,
            Family::Batch100,
            Family::Count,
            Family::Mixed,
        ],
        durable: true,
        ground: Kind::Redis,
        entrants: vec![
            Entrant::ours(|spot| {
                let options = persist_dbm::Options::new(&spot.dir).durability(durability(&spot));
                // The server is this program; it leaves when its directory is to go.
                options.shared(true).idle_time(Duration::from_millis(1)).open()
            }),
            Entrant::tasks("raw", Role::Raw, bare),
        ],
    }
}

/// One connection, on which the calls of all tasks are pipelined. It keeps no order of keys.
#[derive(Clone)]
struct Redis(MultiplexedConnection);

async fn bare(spot: Spot) -> Result<Redis> {
    let client = redis::Client::open(spot.url.ok_or("there is no server")?)?;
    Ok(Redis(client.get_multiplexed_async_connection().await?))
}

impl Store for Redis {
    async fn get(&self, key: String) -> Result<usize> {
        let value: Option<Vec<u8>> = self.0.clone().get(key).await?;
        Ok(value.ok_or("a key is missing")?.len())
    }

    async fn put(&self, key: String, value: Vec<u8>) -> Result<()> {
        Ok(self.0.clone().set(key, value).await?)
    }

    async fn batch(&self, rows: Vec<(String, Vec<u8>)>) -> Result<()> {
        Ok(self.0.clone().mset(&rows).await?)
    }

    async fn count(&self) -> Result<u64> {
        Ok(redis::cmd("DBSIZE").query_async(&mut self.0.clone()).await?)
    }
}
