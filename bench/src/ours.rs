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
    operations(table, rows, tasks, |table, _, pick, _| async move {
        table.get(&key(pick)).await?.ok_or("a key is missing")?;
        Ok(())
    })
}

pub fn put(table: &Rows, rows: u64, tasks: u64) -> Side<'static> {
    operations(table, rows, tasks, |table, seed, pick, n| async move {
        Ok(table.insert(&key(pick), &value(seed, n)).await?)
    })
}

/// Tasks that each make one operation after the other, on random keys. An operation is given a
/// seed that no other task or round has, its key, and how many the task has made before it.
fn operations<F, Fut>(table: &Rows, rows: u64, tasks: u64, operation: F) -> Side<'static>
where
    F: Fn(Rows, u64, u64, u64) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send,
{
    let table = table.clone();
    let mut round = 0;
    Box::new(move |deadline| {
        let table = table.clone();
        round += 1;
        Box::pin(by_tasks(tasks, move |task| {
            let (table, seed) = (table.clone(), round << 32 | task << 16 | 1);
            async move {
                let (mut done, mut latencies) = (0, Vec::new());
                let mut last = Instant::now();
                for pick in Picks::new(seed, rows) {
                    operation(table.clone(), seed, pick, done).await?;
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
