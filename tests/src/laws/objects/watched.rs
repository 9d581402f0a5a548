//! G7, G9, G10: what watchers of an atomic store are told.

use futures_util::{FutureExt, StreamExt};
use persist_core::Change;
use tokio::sync::mpsc;

use super::heads;
use crate::{Place, Subject};

/// A watch begins from what is there, or from what it is told; `init` may be a value or none.
pub async fn beginnings<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let heads = heads(&store).await;
    heads.set("main", 1).await.unwrap();
    let mut from_now = heads.watch_key("main");
    from_now.ready().await.unwrap();
    let mut from_same = heads.watch_key_knowing("main", Some(1)).unwrap();
    let mut from_nothing = heads.watch_key_knowing("main", None).unwrap();
    let mut from_list = heads.watch().knowing([("main", 1), ("gone", 9)]).unwrap();
    let added = ("main".to_owned(), Change::Added(1));
    assert_eq!(from_nothing.next().await.unwrap().unwrap(), added);
    let gone = ("gone".to_owned(), Change::Removed { old: 9 });
    assert_eq!(from_list.next().await.unwrap().unwrap(), gone);
    assert!(from_now.next().now_or_never().is_none());
    assert!(from_same.next().now_or_never().is_none());
    heads.set("other", 5).await.unwrap();
    heads.set("main", 2).await.unwrap();
    let updated = Change::Updated { old: 1, new: 2 };
    assert_eq!(from_now.next().await.unwrap().unwrap(), updated);
    assert_eq!(from_same.next().await.unwrap().unwrap(), ("main".to_owned(), updated.clone()));
    assert_eq!(from_nothing.next().await.unwrap().unwrap(), ("main".to_owned(), updated));
    let mut unknown = heads.watch_key("main");
    unknown.ready().await.unwrap();
    heads.remove("main").await.unwrap();
    assert_eq!(unknown.next().await.unwrap().unwrap(), Change::Removed { old: 2 });
}

/// Setting a value to what it is, refused tests and the removal of what is absent say nothing.
pub async fn equal_sets<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (heads, other) = (heads(&store).await, heads(&store.handle().unwrap()).await);
    heads.set("main", 1).await.unwrap();
    let mut watch = heads.watch();
    watch.ready().await.unwrap();
    for handle in [&heads, &other] {
        handle.set("main", 1).await.unwrap();
        assert!(handle.test_and_set("main", Some(1), Some(1)).await.unwrap());
        assert!(!handle.test_and_set("main", Some(7), Some(8)).await.unwrap());
        assert!(handle.test_and_set("absent", None, None).await.unwrap());
        assert!(!handle.remove("absent").await.unwrap());
    }
    assert!(watch.next().now_or_never().is_none());
    other.set("main", 2).await.unwrap();
    let change = ("main".to_owned(), Change::Updated { old: 1, new: 2 });
    assert_eq!(watch.next().await.unwrap().unwrap(), change);
}

/// Closing one handle ends its watches, and leaves those of another one alive.
pub async fn handles<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let other = store.handle().unwrap();
    let (mine, theirs) = (heads(&store).await, heads(&other).await);
    let (mut my_watch, mut their_watch) = (mine.watch_key("main"), theirs.watch_key("main"));
    my_watch.ready().await.unwrap();
    their_watch.ready().await.unwrap();
    mine.set("main", 1).await.unwrap();
    assert_eq!(my_watch.next().await.unwrap().unwrap(), Change::Added(1));
    assert_eq!(their_watch.next().await.unwrap().unwrap(), Change::Added(1));
    store.close().await.unwrap();
    assert!(my_watch.next().await.is_none());
    theirs.set("main", 2).await.unwrap();
    let updated = Change::Updated { old: 1, new: 2 };
    assert_eq!(their_watch.next().await.unwrap().unwrap(), updated);
}

/// A callback that panics is called again, and others go on; one whose guard is dropped is not
/// called any more.
pub async fn callbacks<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let heads = heads(&store).await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    let told = sender.clone();
    let bad = heads.watch().call(move |change| {
        told.send(("bad", change.unwrap().1)).unwrap();
        async { panic!("a watcher panics, on purpose") }
    });
    let good = heads.watch_key("main").call(move |change| {
        sender.send(("good", change.unwrap())).unwrap();
        async {}
    });
    let (bad, good) = (bad.await.unwrap(), good.await.unwrap());
    for n in 1..=3 {
        heads.set("main", n).await.unwrap();
        let change = if n == 1 { Change::Added(1) } else { Change::Updated { old: n - 1, new: n } };
        let mut both = [heard.recv().await.unwrap(), heard.recv().await.unwrap()];
        both.sort_by_key(|(who, _)| *who);
        assert_eq!(both, [("bad", change.clone()), ("good", change)]);
    }
    drop(bad);
    // Its task has ended when its sender is gone.
    while heard.sender_strong_count() > 1 {
        tokio::task::yield_now().await;
    }
    heads.remove("main").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), ("good", Change::Removed { old: 3 }));
    drop(good);
    assert_eq!(heard.recv().await, None, "nobody is left to be called");
}
