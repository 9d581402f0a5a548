//! `kill -9` of the server in the middle of batches, of a client, and of both.

use std::env;
use std::time::Duration;

use persist_core::column::{Integer, Text};
use persist_core::{Error, Persist, Table};

use crate::child::Child;
use crate::store::{Store, until};

/// How many kills: 50, or as many as the environment says.
fn rounds() -> u32 {
    env::var("PERSIST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_and_batches_are_whole() {
    let store = Store::new();
    let mut writing: Option<Child> = None;
    let mut reading: Option<Persist> = None;
    let mut acknowledged = -1;
    for round in 0..rounds() {
        let mut child = writing.take().unwrap_or_else(|| Child::start(&store.path(), "batches"));
        let number = |line: String| line.parse::<i64>().unwrap();
        for _ in 0..=round * 7 % 23 {
            acknowledged = child.line().map(number).expect("the child writes");
        }
        // Somewhere in the middle of the next ones.
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 977 % 5_000)).await;
        let server = store.server();
        match round % 3 {
            0 => {
                server.kill();
                // It goes on, with the next server.
                acknowledged = child.line().map(number).expect("the child goes on");
                writing = Some(child);
            }
            kind => {
                if kind == 2 {
                    server.kill();
                }
                child.kill();
                while let Some(line) = child.line() {
                    acknowledged = number(line);
                }
            }
        }
        let reader = match reading.take() {
            Some(reader) => reader,
            None => store.open().await,
        };
        check(&reader, acknowledged).await;
        // A client that was there before, or a new one.
        reading = (round % 2 == 0).then_some(reader);
    }
}

/// That all batches up to the acknowledged one are there, and none by half.
async fn check(store: &Persist, acknowledged: i64) {
    let left: Table<Integer, Integer> = store.table("left").await.unwrap();
    let right: Table<Integer, Text> = store.table("right").await.unwrap();
    let both = store.transact(async |tx| {
        let lefts = tx.range(&left, ..).entries().await?;
        Ok::<_, Error>((lefts, tx.range(&right, ..).entries().await?))
    });
    let (lefts, rights) = both.await.unwrap();
    let written = i64::try_from(lefts.len()).unwrap();
    assert!(written > acknowledged, "{written} batches, though {acknowledged} was acknowledged");
    assert!(lefts.iter().zip(0..).all(|((key, value), number)| (*key, *value) == (number, number)));
    let keys: Vec<i64> = rights.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, (-written..written).collect::<Vec<_>>(), "a batch is torn");
    for (key, value) in rights {
        assert_eq!(value.len(), usize::try_from(key.max(0) % 3_000).unwrap());
    }
}

#[tokio::test]
async fn the_snapshots_of_a_killed_client_are_released() {
    let store = Store::new();
    let backend = store.options().backend().await.unwrap();
    let mut child = Child::start(&store.path(), "snapshots");
    let held: usize = child.line().expect("the child takes snapshots").parse().unwrap();
    assert!(held > 0);
    assert!(backend.snapshot().await.is_err(), "the child has taken all that there are");
    child.kill();
    let mut taken = Vec::new();
    while taken.len() < held {
        match backend.snapshot().await {
            Ok(snapshot) => taken.push(snapshot),
            // The server may not have noticed yet.
            Err(error) => {
                assert!(error.is_retryable(), "{error}");
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_is_killed_is_not_waited_for() {
    let store = Store::new();
    let mut child = Child::start(&store.path(), "batches");
    child.line().expect("the child writes");
    let server = store.server();
    child.kill();
    until("the server leaves", || !server.lives());
    assert!(!store.socket().exists());
}
