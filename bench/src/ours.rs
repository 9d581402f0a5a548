//! Our side of every case: the typed table, whatever stands below it.

use std::time::Instant;

use futures_util::StreamExt;
use persist_core::Table;
use persist_core::column::{Bytes, Text};

use crate::data::{Picks, key, value};
use crate::measure::{Failure, Side, by_tasks};

pub type Rows = Table<Text, Bytes>;

pub async fn load(table: &Rows, rows: u64) -> Result<(), Failure> {
    for begin in (0..rows).step_by(1000) {
        let puts = (begin..rows.min(begin + 1000)).map(|n| table.insert(&key(n), &value(0, n)));
        futures_util::future::try_join_all(puts).await?;
    }
    Ok(())
}

pub fn get(table: &Rows, rows: u64, tasks: u64) -> Side<'static> {
    let table = table.clone();
    Box::new(move |deadline| {
        let table = table.clone();
        Box::pin(by_tasks(tasks, move |task| {
            let table = table.clone();
            async move {
                let (mut done, mut latencies) = (0, Vec::new());
                let mut last = Instant::now();
                for pick in Picks::new(task + 1, rows) {
                    table.get(&key(pick)).await?.ok_or("a key is missing")?;
                    done += 1;
                    let now = Instant::now();
                    latencies.push(now - last);
                    last = now;
                    if deadline.passed() {
                        break;
                    }
                }
                Ok((done, latencies))
            }
        }))
    })
}

pub fn put(table: &Rows, rows: u64, tasks: u64) -> Side<'static> {
    let table = table.clone();
    let mut seed = 0;
    Box::new(move |deadline| {
        let table = table.clone();
        seed += 1;
        Box::pin(by_tasks(tasks, move |task| {
            let table = table.clone();
            async move {
                let (mut done, mut latencies) = (0, Vec::new());
                let mut last = Instant::now();
                for pick in Picks::new(task + 1, rows) {
                    table.insert(&key(pick), &value(seed << 32 | task << 24 | 1, done)).await?;
                    done += 1;
                    let now = Instant::now();
                    latencies.push(now - last);
                    last = now;
                    if deadline.passed() {
                        break;
                    }
                }
                Ok((done, latencies))
            }
        }))
    })
}

pub fn scan(table: &Rows, tasks: u64) -> Side<'static> {
    let table = table.clone();
    Box::new(move |deadline| {
        let table = table.clone();
        Box::pin(by_tasks(tasks, move |_| {
            let table = table.clone();
            async move {
                let (mut done, mut latencies) = (0, Vec::new());
                while !deadline.passed() {
                    let begin = Instant::now();
                    let mut rows = table.range(..).stream();
                    while let Some(row) = rows.next().await {
                        row?;
                        done += 1;
                        if done % 4096 == 0 && deadline.passed() {
                            break;
                        }
                    }
                    latencies.push(begin.elapsed());
                }
                Ok((done, latencies))
            }
        }))
    })
}
