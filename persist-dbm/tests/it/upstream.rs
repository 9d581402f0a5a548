//! Defects of Ocsipersist on DBM that must not come back.

use futures_util::{StreamExt, TryStreamExt};

use crate::Dir;
use crate::dir::{fill, numbers};

#[tokio::test]
async fn two_iterations_at_once_do_not_disturb_each_other() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    fill(&store, &table, 0..2000, 1).await;
    let up = table.range(..).stream();
    let down = table.range(..).rev().stream();
    let pairs: Vec<_> = up.zip(down).collect().await;
    assert_eq!(pairs.len(), 2000);
    for (n, (up, down)) in (0..).zip(pairs) {
        assert_eq!((up.unwrap().0, down.unwrap().0), (n, 1999 - n));
    }
}

#[tokio::test]
async fn updating_an_absent_key_creates_it() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    assert_eq!(table.update(1, |old| Some(old.unwrap_or(40) + 2)).await.unwrap(), Some(42));
    assert_eq!(table.get(1).await.unwrap(), Some(42));
}

#[tokio::test]
async fn an_upper_bound_lets_every_key_below_it_through_in_order() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    // In no order at all.
    for n in 0..500_i64 {
        table.insert((n * 193) % 500 - 250, n).await.unwrap();
    }
    let keys: Vec<i64> =
        table.range(..100).stream().map_ok(|(key, _)| key).try_collect().await.unwrap();
    assert_eq!(keys, (-250..100).collect::<Vec<_>>());
}
