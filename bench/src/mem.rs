//! Memory: ours beside a persistent map behind a lock.

use std::sync::Arc;

use imbl::OrdMap;
use parking_lot::RwLock;

use crate::data::{Picks, key, value};
use crate::measure::{Effort, Failure, Side, in_turn};
use crate::ours;
use crate::report::Report;

type Map = Arc<RwLock<OrdMap<Arc<str>, Arc<[u8]>>>>;

pub async fn run(effort: Effort, report: &mut Report) -> Result<(), Failure> {
    let store = persist_mem::Options::new().open().await?;
    let table = store.table("rows").await?;
    ours::load(&table, effort.rows).await?;
    let map = Map::default();
    for n in 0..effort.rows {
        map.write().insert(key(n).into(), value(0, n).into());
    }
    for tasks in [1, 64] {
        let get = ours::get(&table, effort.rows, tasks);
        report
            .case(&format!("mem/get/{tasks}"), "none", effort, get, raw_get(&map, effort.rows))
            .await?;
        let put = ours::put(&table, effort.rows, tasks);
        report
            .case(
                &format!("mem/put_relaxed/{tasks}"),
                "none",
                effort,
                put,
                raw_put(&map, effort.rows),
            )
            .await?;
        let scan = ours::scan(&table, tasks);
        report.case(&format!("mem/scan/{tasks}"), "none", effort, scan, raw_scan(&map)).await?;
    }
    Ok(())
}

fn raw_get(map: &Map, rows: u64) -> Side<'static> {
    let map = Arc::clone(map);
    let mut picks = Picks::new(1, rows);
    Box::new(move |deadline| {
        let round = in_turn(deadline, || {
            let pick = picks.next().ok_or("no pick")?;
            let value = map.read().get(&*key(pick)).map(|value| value.to_vec());
            std::hint::black_box(value.ok_or("a key is missing")?);
            Ok(1)
        });
        Box::pin(std::future::ready(round))
    })
}

fn raw_put(map: &Map, rows: u64) -> Side<'static> {
    let map = Arc::clone(map);
    let (mut picks, mut n) = (Picks::new(1, rows), 0);
    Box::new(move |deadline| {
        let round = in_turn(deadline, || {
            n += 1;
            let pick = picks.next().ok_or("no pick")?;
            map.write().insert(key(pick).into(), value(1, n).into());
            Ok(1)
        });
        Box::pin(std::future::ready(round))
    })
}

fn raw_scan(map: &Map) -> Side<'static> {
    let map = Arc::clone(map);
    Box::new(move |deadline| {
        let round = in_turn(deadline, || {
            let state = map.read().clone();
            let mut done = 0;
            for (key, value) in state.iter() {
                std::hint::black_box((key.to_string(), value.to_vec()));
                done += 1;
                if done % 4096 == 0 && deadline.passed() {
                    break;
                }
            }
            Ok(done)
        });
        Box::pin(std::future::ready(round))
    })
}
