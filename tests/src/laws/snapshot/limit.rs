//! The number of snapshots.

use persist_core::ErrorKind;
use persist_core::backend::{KeyRange, Marking};

use crate::aid::cells::{int, put, table, text};
use crate::aid::{all, numbers};
use crate::{Place, Subject};

/// How many snapshots are tried. An engine may bear all of them.
const MANY: i64 = 300;

/// Past the engine's limit a snapshot is `Busy`, at once; everything else goes on, and dropping
/// one frees its place.
pub async fn busy_not_stuck<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let t = table(&backend, "t").await;
    let mut held = Vec::new();
    let mut busy = false;
    for number in 0..MANY {
        put(&backend, &t, text("a"), int(number)).await;
        match backend.snapshot().await {
            Ok(snapshot) => held.push(snapshot),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
                assert!(error.is_retryable(), "{error}");
                busy = true;
                break;
            }
        }
    }
    assert!(!held.is_empty(), "not one snapshot");
    let front = numbers(&store, "t").await;
    front.insert("b", 1).await.unwrap();
    assert_eq!(all(front.range("b"..)).await.len(), 1);
    for snapshot in &held {
        let count = snapshot.count(&t, &KeyRange::all(), Marking::Skip).await.unwrap();
        assert_eq!(count.value, 1, "a held snapshot shows its state");
    }
    if busy {
        let mut stream = front.range(..).snapshot().stream();
        let refused = futures_util::StreamExt::next(&mut stream).await.expect("an item");
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Busy);
        held.pop();
        // Its release may still be on its way to the engine.
        while backend.snapshot().await.is_err_and(|error| error.kind() == ErrorKind::Busy) {
            tokio::task::yield_now().await;
        }
    }
}

/// Snapshots that end are released: of any number, one after the other, none is refused for good.
pub async fn released<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let t = numbers(&store, "t").await;
    for number in 0..MANY {
        t.insert("a", number).await.unwrap();
        let mut refusals = 0_u32;
        loop {
            let taken = match number % 3 {
                0 => backend.snapshot().await.map(drop),
                1 => t.range(..).snapshot().count().await.map(drop),
                // Dropped halfway.
                _ => {
                    let mut stream = t.range(..).snapshot().stream();
                    let item = futures_util::StreamExt::next(&mut stream).await;
                    item.expect("an item").map(drop)
                }
            };
            match taken {
                Ok(()) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Busy, "{error}"),
            }
            refusals += 1;
            assert!(refusals < 1_000_000, "snapshots that ended still count");
            tokio::task::yield_now().await;
        }
    }
}
