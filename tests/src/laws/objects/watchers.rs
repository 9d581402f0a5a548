//! A hundred watchers, over two handles.

use std::collections::BTreeSet;

use persist_core::{Change, Persist, WatchGuard};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::{Heads, heads};
use crate::{Place, Subject};

const WATCHERS: usize = 100;

/// What the watchers hear, each with its number.
type Heard = UnboundedReceiver<(usize, Change<i64>)>;

/// All hear of what one handle adds, of what the other updates, and of the removal: each once.
pub async fn hundred<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (one, other, guards, mut heard) = watched(&store).await;
    one.set("main", 1).await.unwrap();
    hear(&mut heard, 0..WATCHERS, &Change::Added(1)).await;
    other.set("main", 2).await.unwrap();
    hear(&mut heard, 0..WATCHERS, &Change::Updated { old: 1, new: 2 }).await;
    one.set("main", 2).await.unwrap();
    other.remove("main").await.unwrap();
    hear(&mut heard, 0..WATCHERS, &Change::Removed { old: 2 }).await;
    drop(guards);
    assert_eq!(heard.recv().await, None, "nothing else was heard, and nobody watches");
}

/// When half of them no longer watch, the other half hears of everything, and only they do.
pub async fn half_unwatched<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (one, other, mut guards, mut heard) = watched(&store).await;
    one.set("main", 1).await.unwrap();
    hear(&mut heard, 0..WATCHERS, &Change::Added(1)).await;
    guards.truncate(WATCHERS / 2);
    // Their tasks have ended when only so many senders are left.
    while heard.sender_strong_count() > WATCHERS / 2 {
        tokio::task::yield_now().await;
    }
    other.set("main", 2).await.unwrap();
    hear(&mut heard, 0..WATCHERS / 2, &Change::Updated { old: 1, new: 2 }).await;
    one.remove("main").await.unwrap();
    hear(&mut heard, 0..WATCHERS / 2, &Change::Removed { old: 2 }).await;
    drop(guards);
    assert_eq!(heard.recv().await, None, "nothing else was heard, and nobody watches");
}

/// Two handles with half of the watchers each, every second one of the key and the others of all.
async fn watched(store: &Persist) -> (Heads, Heads, Vec<WatchGuard>, Heard) {
    let (one, other) = (heads(store).await, heads(&store.handle().unwrap()).await);
    let (sender, heard) = mpsc::unbounded_channel();
    let mut guards = Vec::new();
    for n in 0..WATCHERS {
        let handle = if n % 4 < 2 { &one } else { &other };
        let sender = sender.clone();
        let tell = move |change| {
            sender.send((n, change)).unwrap();
            std::future::ready(())
        };
        guards.push(if n % 2 == 0 {
            handle.watch_key("main").call(move |change| tell(change.unwrap())).await.unwrap()
        } else {
            handle.watch().call(move |change| tell(change.unwrap().1)).await.unwrap()
        });
    }
    (one, other, guards, heard)
}

/// That each of these watchers hears this, once.
async fn hear(heard: &mut Heard, watchers: std::ops::Range<usize>, expected: &Change<i64>) {
    let mut who = BTreeSet::new();
    for _ in watchers.clone() {
        let (watcher, change) = heard.recv().await.unwrap();
        assert_eq!(change, *expected);
        assert!(who.insert(watcher), "{watcher} hears it twice");
    }
    assert_eq!(who, watchers.collect());
}
