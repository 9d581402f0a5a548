//! Many tasks at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{join3, try_join_all};
use futures_util::{StreamExt, TryStreamExt};
use persist_core::{Committed, Durability};
use tokio::time::timeout;

use crate::Dir;
use crate::dir::{large, numbers, values};

/// Long enough for anything that is not stuck.
const STUCK: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_in_their_hundreds_do_not_hang() {
    const WRITERS: i64 = 256;
    const EACH: i64 = 40;
    let dir = Dir::new();
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    let write = async |writer: i64| {
        for round in 0..EACH {
            table.insert(writer * EACH + round, round).await?;
            table.update_or(-1, 0, |n| n + 1).await?;
        }
        Ok::<_, persist_core::Error>(())
    };
    let all = try_join_all((0..WRITERS).map(write));
    timeout(STUCK, all).await.expect("the writers hang").unwrap();
    assert_eq!(table.get(-1).await.unwrap(), Some(WRITERS * EACH));
    assert_eq!(table.range(0..).count().await.unwrap(), (WRITERS * EACH).unsigned_abs());
    timeout(STUCK, store.close()).await.expect("closing hangs").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_stores_in_one_process_do_not_hang() {
    let dirs: Vec<_> = (0..4).map(|_| Dir::new()).collect();
    let one = async |dir: &Dir| {
        let store = dir.open().await;
        let table = numbers(&store, "t").await;
        let write = async |n: i64| table.update_or(n % 7, 0, |n| n + 1).await;
        try_join_all((0..300).map(write)).await?;
        let rows: Vec<(i64, i64)> = table.range(..).stream().try_collect().await?;
        assert_eq!(rows.iter().map(|(_, n)| n).sum::<i64>(), 300);
        store.close().await
    };
    let all = try_join_all(dirs.iter().map(one));
    timeout(STUCK, all).await.expect("the stores hang").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_and_an_answer_are_of_one_state() {
    const KEYS: i64 = 120;
    let dir = Dir::new();
    let store = dir.options().durability(Durability::Relaxed).open().await.unwrap();
    let table = numbers(&store, "t").await;
    let write = async |number: i64| {
        let mut batch = store.batch();
        for key in 0..KEYS {
            batch.insert(&table, key, number).unwrap();
        }
        assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    };
    write(0).await;
    let done = AtomicBool::new(false);
    let writes = async {
        for number in 1..300 {
            write(number).await;
        }
        done.store(true, Ordering::Release);
    };
    let reads = async |rounds: usize| {
        let mut round = rounds;
        while !done.load(Ordering::Acquire) {
            round += 1;
            let values: Vec<i64> = if round.is_multiple_of(2) {
                let page = table.range(..).pages(256).next().await.unwrap().unwrap();
                page.into_iter().map(|(_, value)| value).collect()
            } else {
                let found = table.get_many(0..60).await.unwrap();
                found.into_iter().map(Option::unwrap).collect()
            };
            assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
            tokio::task::yield_now().await;
        }
    };
    timeout(STUCK, join3(writes, reads(0), reads(1))).await.expect("somebody hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn large_values_are_never_seen_half_written() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table = values(&store).await;
    table.insert("k", &large(0)).await.unwrap();
    let writer = {
        let table = table.clone();
        tokio::spawn(async move {
            for number in 1..150 {
                table.insert("k", &large(number)).await.unwrap();
            }
        })
    };
    let mut seen = 0;
    while seen < 149 {
        let point = table.get("k").await.unwrap().unwrap();
        let scanned: Vec<_> = table.range(..).stream().try_collect().await.unwrap();
        for value in [&point, &scanned[0].1] {
            let number = value.len() - 20_000;
            assert!(*value == large(number), "a value is torn");
            assert!(number >= seen, "an older value");
            seen = number;
        }
    }
    writer.await.unwrap();
}
