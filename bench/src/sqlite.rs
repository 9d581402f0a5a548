//! SQLite: ours beside raw rusqlite on one thread, in autocommit, with cached statements.

use std::path::Path;

use persist_core::Durability;
use rusqlite::{Connection, params};

use crate::data::{Picks, key, value};
use crate::measure::{Effort, Failure, Side, in_turn};
use crate::ours;
use crate::report::Report;

pub async fn run(effort: Effort, report: &mut Report) -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    for (durability, name) in [(Durability::Full, "full"), (Durability::Relaxed, "relaxed")] {
        let store = persist_sqlite::Options::new(dir.path().join(format!("ours-{name}.sqlite")))
            .durability(durability)
            .open()
            .await?;
        let table = store.table("rows").await?;
        ours::load(&table, effort.rows).await?;
        let raw = dir.path().join(format!("raw-{name}.sqlite"));
        load(&raw, effort.rows)?;
        for tasks in [1, 64] {
            let put = format!("sqlite/put_{name}/{tasks}");
            let ours = ours::put(&table, effort.rows, tasks);
            report.case(&put, name, effort, ours, raw_put(&raw, effort.rows, name)?).await?;
            if durability == Durability::Full {
                let get = format!("sqlite/get/{tasks}");
                let ours = ours::get(&table, effort.rows, tasks);
                report.case(&get, name, effort, ours, raw_get(&raw, effort.rows)?).await?;
                let scan = format!("sqlite/scan/{tasks}");
                let ours = ours::scan(&table, tasks);
                report.case(&scan, name, effort, ours, raw_scan(&raw)?).await?;
            }
        }
        store.close().await?;
    }
    Ok(())
}

fn open(file: &Path, synchronous: &str) -> Result<Connection, Failure> {
    let connection = Connection::open(file)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    Ok(connection)
}

fn load(file: &Path, rows: u64) -> Result<(), Failure> {
    let connection = open(file, "normal")?;
    connection.execute_batch(
        "CREATE TABLE rows (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID; BEGIN",
    )?;
    for n in 0..rows {
        connection.prepare_cached(PUT)?.execute(params![key(n), value(0, n)])?;
    }
    Ok(connection.execute_batch("COMMIT")?)
}

const PUT: &str = "INSERT INTO rows (key, value) VALUES (?1, ?2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";

fn raw_put(file: &Path, rows: u64, durability: &str) -> Result<Side<'static>, Failure> {
    let connection = open(file, if durability == "full" { "full" } else { "normal" })?;
    let (mut picks, mut n) = (Picks::new(1, rows), 0);
    Ok(Box::new(move |deadline| {
        let round = in_turn(deadline, || {
            n += 1;
            let pick = picks.next().ok_or("no pick")?;
            connection.prepare_cached(PUT)?.execute(params![key(pick), value(1, n)])?;
            Ok(1)
        });
        Box::pin(std::future::ready(round))
    }))
}

fn raw_get(file: &Path, rows: u64) -> Result<Side<'static>, Failure> {
    let connection = open(file, "full")?;
    let mut picks = Picks::new(1, rows);
    Ok(Box::new(move |deadline| {
        let round = in_turn(deadline, || {
            let pick = picks.next().ok_or("no pick")?;
            let mut get = connection.prepare_cached("SELECT value FROM rows WHERE key = ?1")?;
            let value: Vec<u8> = get.query_row([key(pick)], |row| row.get(0))?;
            std::hint::black_box(value);
            Ok(1)
        });
        Box::pin(std::future::ready(round))
    }))
}

fn raw_scan(file: &Path) -> Result<Side<'static>, Failure> {
    const PAGE: &str = "SELECT key, value FROM rows WHERE key > ?1 ORDER BY key LIMIT 1000";
    let connection = open(file, "full")?;
    let mut after = String::new();
    Ok(Box::new(move |deadline| {
        let round = in_turn(deadline, || {
            let mut page = connection.prepare_cached(PAGE)?;
            let mut rows = page.query([&after])?;
            let (mut done, mut last) = (0, String::new());
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                std::hint::black_box(row.get::<_, Vec<u8>>(1)?);
                done += 1;
            }
            after = last;
            Ok(done)
        });
        Box::pin(std::future::ready(round))
    }))
}
