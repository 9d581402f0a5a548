//! Many watchers, many changes, and watchers that do not keep up.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use persist_core::column::{Integer, Text};
use persist_core::{Change, ErrorKind, Table, Watch};
use rand::RngExt;

use super::{filled, next};
use crate::aid::tasks;
use crate::aid::{all, fails, key, numbers};
use crate::{Place, Subject};

/// Whatever was merged on the way, a watcher ends with what is there.
pub async fn last_state<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = filled(&store, 20).await;
    let mut watch = t.watch(..);
    watch.ready().await.unwrap();
    let mut known: BTreeMap<String, i64> = all(t.range(..)).await.into_iter().collect();
    let follower = tokio::spawn(async move {
        while !known.contains_key("the end") {
            apply(&mut known, next(&mut watch).await);
        }
        known
    });
    let writers = (0..8).map(|task| {
        let (t, mut rng) = (t.clone(), place.rng_of(task));
        tokio::spawn(async move {
            for n in 0..100 {
                let key = key(rng.random_range(0..20));
                match rng.random_range(0..4) {
                    0 => t.remove(&key).await.map(drop).unwrap(),
                    1 => t.update(&key, |n| n.map(|n| n + 1)).await.map(drop).unwrap(),
                    _ => t.insert(&key, n).await.unwrap(),
                }
            }
        })
    });
    tasks::ends(writers).await;
    t.insert("the end", 0).await.unwrap();
    let known = tasks::end(follower).await;
    let there: BTreeMap<String, i64> = all(t.range(..)).await.into_iter().collect();
    assert_eq!(known, there);
}

/// A watcher that sleeps through more hints than are kept for it still ends with what is there,
/// and holds up nobody.
pub async fn slow<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = filled(&store, 10).await;
    let mut watch = t.watch(..);
    watch.ready().await.unwrap();
    let writes = (0..3000_usize).map(|n| t.insert(&key(n % 10), i64::try_from(n).unwrap()));
    futures_util::future::try_join_all(writes).await.unwrap();
    t.insert("the end", 0).await.unwrap();
    let mut known: BTreeMap<String, i64> = (0..10).map(|n| (key(n), 0)).collect();
    while !known.contains_key("the end") {
        apply(&mut known, next(&mut watch).await);
    }
    let there: BTreeMap<String, i64> = all(t.range(..)).await.into_iter().collect();
    assert_eq!(known, there);
}

/// A thousand watchers each hear of their key, and a dropped half hears nothing more.
pub async fn thousand<S: Subject>(place: Place<S>) {
    const WATCHERS: usize = 1000;
    let store = place.open().await;
    let t = filled(&store, WATCHERS).await;
    let mut watches: Vec<_> = (0..WATCHERS).map(|n| t.watch_key(&key(n))).collect();
    for watch in &mut watches {
        watch.ready().await.unwrap();
    }
    let change = async |new: i64| {
        let writes = (0..WATCHERS).map(|n| t.insert(&key(n), new));
        futures_util::future::try_join_all(writes).await.unwrap();
    };
    change(1).await;
    for watch in &mut watches {
        assert_eq!(watch.next().await.unwrap().unwrap(), Change::Updated { old: 0, new: 1 });
    }
    watches.truncate(WATCHERS / 2);
    change(2).await;
    for watch in &mut watches {
        assert_eq!(watch.next().await.unwrap().unwrap(), Change::Updated { old: 1, new: 2 });
    }
}

/// A range that is more than a watcher can keep in mind is refused, and the store is none the
/// worse.
pub async fn too_large<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t: Table<Integer, Integer> = store.table("n").await.unwrap();
    for thousand in 0..=100 {
        let mut batch = store.batch();
        for n in 0..1000 {
            batch.insert(&t, thousand * 1000 + n, 0).unwrap();
        }
        assert_eq!(batch.commit().await.unwrap(), persist_core::Committed::Applied);
    }
    let mut watch = t.watch(..);
    let error = watch.next().await.unwrap();
    fails(error, ErrorKind::TooLarge);
    assert!(watch.next().await.is_none());
    let mut part = t.watch(..1000);
    part.ready().await.unwrap();
    t.remove(7).await.unwrap();
    assert_eq!(part.next().await.unwrap().unwrap(), (7, Change::Removed { old: 0 }));
    numbers(&store, "t").await;
}

/// What a change makes of what was known; it must fit.
fn apply(known: &mut BTreeMap<String, i64>, (key, change): (String, Change<i64>)) {
    let (before, after) = match change {
        Change::Added(new) => (None, Some(new)),
        Change::Updated { old, new } => (Some(old), Some(new)),
        Change::Removed { old } => (Some(old), None),
    };
    assert_ne!(before, after, "{key}: a change that is none");
    let knew = match after {
        Some(new) => known.insert(key.clone(), new),
        None => known.remove(&key),
    };
    assert_eq!(knew, before, "{key}: `old` is what this watcher last knew");
}

#[expect(dead_code, reason = "it only has to compile: a watch can be moved to a task")]
fn can_be_spawned(watch: Watch<Text, Integer>) -> impl Send + 'static {
    watch
}
