//! Law 13: a watcher gets every settled last state.

mod callbacks;
mod many;

pub use callbacks::{guards, panics};
pub use many::{last_state, slow, thousand, too_large};

use futures_util::{FutureExt, StreamExt};
use persist_core::{Change, ErrorKind, Ref, Store, Watch};

use crate::aid::{Numbers, fails, numbers};
use crate::{Place, Subject};

/// Each kind of change, with what this watcher last knew; what stays the same says nothing.
pub async fn kinds<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    t.insert("there", 1).await.unwrap();
    let mut seen = t.watch(..);
    seen.ready().await.unwrap();
    t.insert("there", 1).await.unwrap();
    t.insert("a", 1).await.unwrap();
    assert_eq!(next(&mut seen).await, ("a".into(), Change::Added(1)));
    t.update("a", |n| n.map(|n| n + 1)).await.unwrap();
    assert_eq!(next(&mut seen).await, ("a".into(), Change::Updated { old: 1, new: 2 }));
    t.insert("a", 2).await.unwrap();
    t.remove("a").await.unwrap();
    assert_eq!(next(&mut seen).await, ("a".into(), Change::Removed { old: 2 }));
    t.remove("a").await.unwrap();
    let mut batch = store.batch();
    batch.insert(&t, "x", 1).unwrap().insert(&t, "y", 2).unwrap();
    assert_eq!(batch.commit().await.unwrap(), persist_core::Committed::Applied);
    let mut both = [next(&mut seen).await, next(&mut seen).await];
    both.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(both, [("x".into(), Change::Added(1)), ("y".into(), Change::Added(2))]);
    t.clear().await.unwrap();
    let mut gone = [next(&mut seen).await.0, next(&mut seen).await.0, next(&mut seen).await.0];
    gone.sort();
    assert_eq!(gone, ["there", "x", "y"]);
    assert!(seen.next().now_or_never().is_none(), "nothing else has changed");
}

/// What is there at the beginning is not reported, unless the watcher says what it knows.
pub async fn baseline<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let t = numbers(&store, "t").await;
    t.insert("a", 1).await.unwrap();
    let mut from_nothing = t.watch(..).knowing([]).unwrap();
    assert_eq!(next(&mut from_nothing).await, ("a".into(), Change::Added(1)));
    let mut from_before = t.watch(..).knowing([("a", 0), ("gone", 9)]).unwrap();
    assert_eq!(next(&mut from_before).await, ("a".into(), Change::Updated { old: 0, new: 1 }));
    assert_eq!(next(&mut from_before).await, ("gone".into(), Change::Removed { old: 9 }));
    let mut from_now = t.watch(..);
    from_now.ready().await.unwrap();
    t.remove("a").await.unwrap();
    assert_eq!(next(&mut from_now).await, ("a".into(), Change::Removed { old: 1 }));
    let mut given_up = t.watch(..);
    t.insert("before", 1).await.unwrap();
    drop(given_up.ready().now_or_never());
    given_up.ready().await.unwrap();
    assert!(given_up.next().now_or_never().is_none(), "what was there is no change");
    t.remove("before").await.unwrap();
    assert_eq!(next(&mut given_up).await, ("before".into(), Change::Removed { old: 1 }));
    let mut from_same = t.watch(..).knowing([]).unwrap();
    t.insert("b", 1).await.unwrap();
    assert_eq!(next(&mut from_same).await, ("b".into(), Change::Added(1)));
}

/// A watcher of a range or a prefix hears of its keys alone, one of a key of that key.
pub async fn places<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (t, other) = (numbers(&store, "t").await, numbers(&store, "T").await);
    let mut range = t.watch("b".."d");
    let mut prefix = t.range(..).prefix("c/").watch();
    let mut key = t.watch_key("c/1");
    let mut empty = t.watch("d".."b");
    range.ready().await.unwrap();
    prefix.ready().await.unwrap();
    key.ready().await.unwrap();
    for name in ["a", "b", "c", "c/0", "c/1", "d"] {
        other.insert(name, 7).await.unwrap();
        t.insert(name, 1).await.unwrap();
    }
    let mut heard = Vec::new();
    while heard.len() < 4 {
        heard.push(next(&mut range).await.0);
    }
    heard.sort();
    assert_eq!(heard, ["b", "c", "c/0", "c/1"]);
    let mut heard = [next(&mut prefix).await.0, next(&mut prefix).await.0];
    heard.sort();
    assert_eq!(heard, ["c/0", "c/1"]);
    assert_eq!(key.next().await.unwrap().unwrap(), Change::Added(1));
    assert!(empty.next().await.is_none(), "an empty range has no changes");
    assert!(range.next().now_or_never().is_none());
    assert!(prefix.next().now_or_never().is_none());
    assert!(key.next().now_or_never().is_none());
}

/// References and variables can be watched, volatile references cannot.
pub async fn values<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let reference = Ref::persistent(&store, "r", 1_u32).await.unwrap();
    let mut of_reference = reference.watch().unwrap();
    of_reference.ready().await.unwrap();
    reference.update(|n| n + 1).await.unwrap();
    let change = of_reference.next().await.unwrap().unwrap();
    assert_eq!(change, Change::Updated { old: 1, new: 2 });
    let settings = Store::open(&store, "settings").await.unwrap();
    let variable = settings.variable("v", "a".to_owned()).await.unwrap();
    let mut of_variable = variable.watch();
    of_variable.ready().await.unwrap();
    variable.set(&"b".to_owned()).await.unwrap();
    let change = of_variable.next().await.unwrap().unwrap();
    assert_eq!(change, Change::Updated { old: "a".to_owned(), new: "b".to_owned() });
    fails(Ref::volatile(1_u32).watch(), ErrorKind::Misuse);
}

/// Closing a handle ends its watches and not those of another one; closing the store ends all.
pub async fn ends<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let other = store.handle().unwrap();
    let (mine, theirs) = (numbers(&store, "t").await, numbers(&other, "t").await);
    let (mut my_watch, mut their_watch) = (mine.watch(..), theirs.watch(..));
    my_watch.ready().await.unwrap();
    their_watch.ready().await.unwrap();
    store.close().await.unwrap();
    assert!(my_watch.next().await.is_none());
    theirs.insert("a", 1).await.unwrap();
    assert_eq!(next(&mut their_watch).await, ("a".into(), Change::Added(1)));
    let mut not_begun = theirs.watch(..);
    let waiting = tokio::spawn(async move { their_watch.next().await.is_none() });
    other.close().await.unwrap();
    assert!(waiting.await.unwrap());
    assert!(not_begun.next().await.is_none());
    let error = mine.watch(..).next().await.unwrap();
    fails(error, ErrorKind::Closed);
}

/// The next change, which must come.
pub(super) async fn next(
    watch: &mut Watch<persist_core::column::Text, persist_core::column::Integer>,
) -> (String, Change<i64>) {
    watch.next().await.expect("the watch goes on").expect("a change")
}

/// The table, with `n` keys of value 0.
pub(super) async fn filled(store: &persist_core::Persist, n: usize) -> Numbers {
    let table = numbers(store, "t").await;
    let puts = (0..n).map(|n| table.insert(&crate::aid::key(n), 0));
    futures_util::future::try_join_all(puts).await.unwrap();
    table
}
