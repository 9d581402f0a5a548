//! Reads that are dropped halfway.

use futures_util::StreamExt;
use persist_core::ErrorKind;
use rand::RngExt;

use super::load::Load;
use crate::aid::polls::drop_after;
use crate::aid::{all, key, numbers};
use crate::{Place, Subject};

/// Every read, dropped at a random poll, leaves nothing behind that others would notice.
pub async fn reads<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    for number in 0..300 {
        table.insert(&key(number), 1).await.unwrap();
    }
    let load = Load::on(&store).await;
    let rng = &mut place.rng();
    for round in 0..300 {
        let polls = rng.random_range(0..4);
        let ended = match round % 9 {
            0 => drop_after(polls, table.get("k000001")).await.map(|end| end.map(drop)),
            1 => drop_after(polls, table.get_many(["a", "b"])).await.map(|end| end.map(drop)),
            2 => drop_after(polls, table.len()).await.map(|end| end.map(drop)),
            3 => drop_after(polls, table.is_empty()).await.map(|end| end.map(drop)),
            4 => drop_after(polls, table.range(..).count()).await.map(|end| end.map(drop)),
            5 => drop_after(polls, store.tables()).await.map(|end| end.map(drop)),
            6 => drop_after(polls, table.get_entry("a")).await.map(|end| end.map(drop)),
            7 => {
                let sum = table.range(..).fold(0, async |sum, _, n| Ok(sum + n));
                drop_after(polls, sum)
                    .await
                    .map(|end: Result<i64, persist_core::Error>| end.map(drop))
            }
            _ => {
                let mut stream = table.range(..).rev().stream();
                for _ in 0..rng.random_range(0..3) {
                    drop_after(polls, stream.next()).await;
                }
                // A stream whose `next` was dropped goes on where it was.
                drop_after(1 + polls, stream.next()).await.flatten().map(|row| row.map(drop))
            }
        };
        if let Some(Err(error)) = ended {
            panic!("{error}");
        }
    }
    load.undisturbed().await;
    assert_eq!(all(table.range(..)).await.len(), 300);
}

/// Snapshots that are dropped while they are being taken or read are released.
pub async fn snapshots<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let table = numbers(&store, "t").await;
    for number in 0..300 {
        table.insert(&key(number), 1).await.unwrap();
    }
    let load = Load::on(&store).await;
    let rng = &mut place.rng();
    for round in 0..200 {
        let polls = rng.random_range(0..4);
        let ended = if round % 2 == 0 {
            drop_after(polls, backend.snapshot()).await.map(|taken| taken.map(drop))
        } else {
            let mut stream = table.range(..).snapshot().stream();
            drop_after(polls, stream.next()).await.flatten().map(|row| row.map(drop))
        };
        if let Some(Err(error)) = ended {
            assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
        }
    }
    // Releases may still be on their way to the engine; none is lost.
    while let Err(error) = backend.snapshot().await {
        assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
        tokio::task::yield_now().await;
    }
    while table.range(..).snapshot().count().await.is_err() {
        tokio::task::yield_now().await;
    }
    load.undisturbed().await;
}
