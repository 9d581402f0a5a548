//! G11: test and set.

use futures_util::{FutureExt, StreamExt};
use persist_core::column::{Json, Text};
use persist_core::objects::Atomic;
use persist_core::{Change, Persist};

use super::heads;
use crate::aid::tasks::ends;
use crate::{Place, Subject};

/// The table of test and set, row by row, and what a watcher hears of each.
pub async fn test_and_set<S: Subject>(place: Place<S>) {
    const ROWS: [([Option<i64>; 3], bool); 14] = [
        // [test, there is, set], gives
        ([None, None, None], true),
        ([None, None, Some(1)], true),
        ([None, Some(2), None], false),
        ([None, Some(2), Some(1)], false),
        ([None, Some(2), Some(2)], false),
        ([Some(1), None, None], false),
        ([Some(1), None, Some(1)], false),
        ([Some(1), None, Some(2)], false),
        ([Some(1), Some(1), Some(2)], true),
        ([Some(1), Some(1), Some(1)], true),
        ([Some(1), Some(1), None], true),
        ([Some(1), Some(2), None], false),
        ([Some(1), Some(2), Some(3)], false),
        ([Some(1), Some(2), Some(1)], false),
    ];
    let store = place.open().await;
    let heads = heads(&store).await;
    for (row, ([test, there, set], gives)) in ROWS.into_iter().enumerate() {
        let key = format!("row {row}");
        if let Some(there) = there {
            heads.set(&key, there).await.unwrap();
        }
        let mut watch = heads.watch_key(&key);
        watch.ready().await.unwrap();
        assert_eq!(heads.test_and_set(&key, test, set).await.unwrap(), gives, "{key}");
        let now = if gives { set } else { there };
        assert_eq!(heads.find(&key).await.unwrap(), now, "{key}");
        assert_eq!(heads.mem(&key).await.unwrap(), now.is_some(), "{key}");
        let heard = match (there, now) {
            (None, Some(new)) => Some(Change::Added(new)),
            (Some(old), Some(new)) if old != new => Some(Change::Updated { old, new }),
            (Some(old), None) => Some(Change::Removed { old }),
            _ => None,
        };
        if heard.is_some() {
            assert_eq!(watch.next().await.map(Result::unwrap), heard, "{key}");
        }
        assert!(watch.next().now_or_never().is_none(), "{key}: nothing else has changed");
    }
    // What is compared are values, not the bytes that they are stored as.
    let lists: Atomic<Text, Json<f64>> = Atomic::open(&store, "other").await.unwrap();
    lists.set("zero", &0.0).await.unwrap();
    assert!(lists.test_and_set("zero", Some(&-0.0), Some(&1.0)).await.unwrap());
}

/// Tasks that count by test and set lose nothing, and each success is somebody's alone. They work
/// on two stores over one engine, which take no turns among each other.
pub async fn one_winner<S: Subject>(place: Place<S>) {
    const TASKS: usize = 8;
    const EACH: usize = 25;
    let (backend, store) = place.both().await;
    let both = [heads(&store).await, heads(&Persist::new(backend)).await];
    let count = |task: usize| {
        let heads = both[task % 2].clone();
        tokio::spawn(async move {
            let mut won = Vec::new();
            while won.len() < EACH {
                let found = heads.find("n").await.unwrap();
                let next = found.unwrap_or(0) + 1;
                if heads.test_and_set("n", found, Some(next)).await.unwrap() {
                    won.push(next);
                }
            }
            won
        })
    };
    let mut won = ends((0..TASKS).map(count)).await.concat();
    won.sort_unstable();
    assert_eq!(won, (1..).take(TASKS * EACH).collect::<Vec<_>>());
}
