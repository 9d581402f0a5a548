//! Several clients at once.

use std::time::Duration;

use futures_util::TryStreamExt;
use persist_core::column::{Integer, Text};
use persist_core::{Durability, Error, Table};

use crate::store::{PATIENCE, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_writer_of_256_hangs() {
    let store = Store::new();
    let clients = [store.open().await, store.open().await];
    let mut writers = Vec::new();
    for (number, client) in (0..256).zip(clients.iter().cycle()) {
        let table: Table<Integer, Integer> = client.table("t").await.unwrap();
        writers.push(tokio::spawn(async move {
            for round in 0..20 {
                table.insert(number * 100 + round, round).await?;
                table.update_or(-1 - number % 3, 0, |n| n + 1).await?;
            }
            Ok::<_, Error>(())
        }));
    }
    for writer in writers {
        tokio::time::timeout(PATIENCE, writer).await.expect("a writer hangs").unwrap().unwrap();
    }
    let table: Table<Integer, Integer> = clients[0].table("t").await.unwrap();
    assert_eq!(table.range(0..).count().await.unwrap(), 256 * 20);
    let counters: Vec<_> = table.range(..0).stream().try_collect().await.unwrap();
    assert_eq!(counters.iter().map(|(_, count)| count).sum::<i64>(), 256 * 20);
}

#[tokio::test]
async fn iterations_of_two_clients_do_not_meet() {
    let store = Store::new();
    let (one, other) = (store.open().await, store.open().await);
    let mine: Table<Integer, Integer> = one.table("t").await.unwrap();
    let theirs: Table<Integer, Integer> = other.table("t").await.unwrap();
    for number in 0..3_000 {
        // An absent key is created, which upstream fails to do.
        mine.update(number, |old| Some(old.unwrap_or(number))).await.unwrap();
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    // Both have begun before either goes on, and neither is half of it.
    let (mut up, mut down) = (mine.range(..).pages(7), theirs.range(..2_000).rev().pages(11));
    let (mut ups, mut downs) = (Vec::new(), Vec::new());
    loop {
        let (next_up, next_down) = (up.try_next().await.unwrap(), down.try_next().await.unwrap());
        if next_up.is_none() && next_down.is_none() {
            break;
        }
        ups.extend(next_up.into_iter().flatten().map(|(key, _)| key));
        downs.extend(next_down.into_iter().flatten().map(|(key, _)| key));
    }
    assert_eq!(ups, (0..3_000).collect::<Vec<_>>());
    // Every key below the bound, in order, which upstream stops short of.
    assert_eq!(downs, (0..2_000).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_acknowledged_before_a_close_is_durable_also_when_relaxed() {
    let store = Store::new();
    let relaxed = || {
        let options = store.options().durability(Durability::Relaxed);
        options.flush_interval(Duration::from_hours(1)).open()
    };
    let (closing, staying) = (relaxed().await.unwrap(), relaxed().await.unwrap());
    let table: Table<Text, Integer> = closing.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    closing.close().await.unwrap();
    store.server().kill();
    let table: Table<Text, Integer> = staying.table("t").await.unwrap();
    assert_eq!(table.get("a").await.unwrap(), Some(1));
}
