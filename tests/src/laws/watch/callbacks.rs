//! Watches that call back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use persist_core::Change;
use tokio::sync::mpsc;

use crate::aid::numbers;
use crate::{Place, Subject};

/// A callback is called with one change after the other, and no more when its guard is dropped.
pub async fn guards<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let (sender, mut calls) = mpsc::unbounded_channel();
    let running = Arc::new(AtomicBool::new(false));
    let call = move |change: persist_core::Result<(String, Change<i64>)>| {
        let (sender, running) = (sender.clone(), Arc::clone(&running));
        async move {
            assert!(!running.swap(true, Ordering::SeqCst), "it runs twice at once");
            tokio::task::yield_now().await;
            running.store(false, Ordering::SeqCst);
            sender.send(change.unwrap().0).unwrap();
        }
    };
    let guard = t.watch(..).call(call).await.unwrap();
    for n in 0..50 {
        t.insert(&n.to_string(), n).await.unwrap();
    }
    let mut called = Vec::new();
    while called.len() < 50 {
        called.push(calls.recv().await.unwrap());
    }
    drop(guard);
    // The callback, and with it the sender, goes away.
    assert_eq!(calls.recv().await, None);
    t.insert("after", 1).await.unwrap();
}

/// A callback that panics is called again, and other watchers do not notice.
pub async fn panics<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let bad = t.watch(..).call(move |_| {
        let counted = Arc::clone(&counted);
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            panic!("a watcher panics, on purpose");
        }
    });
    let (sender, mut heard) = mpsc::unbounded_channel();
    let good = t.watch_key("k").call(move |change| {
        let sender = sender.clone();
        async move { sender.send(change.unwrap()).unwrap() }
    });
    let (_bad, _good) = (bad.await.unwrap(), good.await.unwrap());
    for n in 1..=5 {
        t.insert("k", n).await.unwrap();
        let change = heard.recv().await.unwrap();
        let expected =
            if n == 1 { Change::Added(1) } else { Change::Updated { old: n - 1, new: n } };
        assert_eq!(change, expected);
        while calls.load(Ordering::SeqCst) < u32::try_from(n).unwrap() {
            tokio::task::yield_now().await;
        }
    }
}
