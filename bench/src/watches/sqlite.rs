//! SQLite by hand. It tells nobody of changes, but one can ask it whether there were any: as often
//! as ours asks.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use persist_bench_kit::{Result, Spot};
use rusqlite::{Connection, params};
use tokio::time::{MissedTickBehavior, interval};

use super::{KEY, Seen, Writer};

pub const RAW: &str = "rusqlite";

const INTERVAL: Duration = Duration::from_millis(50);

pub fn writer(spot: &Spot) -> Result<Box<dyn Writer>> {
    let connection = open(spot)?;
    connection.execute_batch(
        "CREATE TABLE numbers (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) \
         STRICT, WITHOUT ROWID",
    )?;
    Ok(Box::new(connection))
}

impl Writer for Connection {
    fn write(&mut self, number: i64) -> BoxFuture<'_, Result<()>> {
        let put = "INSERT INTO numbers VALUES (?1, ?2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let written =
            self.prepare_cached(put).and_then(|mut put| put.execute(params![KEY, number]));
        async move { Ok(written.map(drop)?) }.boxed()
    }
}

pub fn watch(spot: &Spot) -> Result<Seen> {
    let connection = open(spot)?;
    let mut version = ask(&connection, "PRAGMA data_version")?;
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ticks = stream::unfold(ticks, |mut ticks| async move {
        ticks.tick().await;
        Some(((), ticks))
    });
    let mut look = move || {
        let now = ask(&connection, "PRAGMA data_version")?;
        if now == version {
            return Ok(None);
        }
        version = now;
        ask(&connection, "SELECT value FROM numbers").map(Some)
    };
    Ok(ticks.filter_map(move |()| std::future::ready(look().transpose())).boxed())
}

fn ask(connection: &Connection, question: &str) -> Result<i64> {
    Ok(connection.prepare_cached(question)?.query_row([], |row| row.get(0))?)
}

fn open(spot: &Spot) -> Result<Connection> {
    let connection = Connection::open(spot.dir.join("numbers.sqlite"))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection)
}
