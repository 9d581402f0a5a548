//! Bindings that stay.

use persist_core::ErrorKind;
use persist_core::column::{Bytes, Integer, Text};
use persist_core::objects::{AppendOnly, Link};

use super::sha256;
use crate::aid::tasks::ends;
use crate::aid::{fails, names};
use crate::{Place, Subject};

/// A binding is added once: an equal one is fine, another one is refused and changes nothing.
pub async fn append_only<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let log: AppendOnly<Text, Bytes> = AppendOnly::open(&store, "root").await.unwrap();
    assert!(!log.mem("").await.unwrap());
    assert_eq!(log.find("").await.unwrap(), None);
    for (key, value) in [("", &b""[..]), ("a", b"1"), ("a/b", b"\0")] {
        log.add(key, value).await.unwrap();
        log.add(key, value).await.unwrap();
        names(&fails(log.add(key, b"2").await, ErrorKind::AlreadyBound), &["root:append"]);
        assert!(log.mem(key).await.unwrap());
        assert_eq!(log.find(key).await.unwrap().as_deref(), Some(value));
        assert_eq!(log.try_find(key).await.unwrap().as_deref(), Some(value));
    }
    fails(log.add("a\0b", b"").await, ErrorKind::InvalidKey);
}

/// Of many who bind one key at once, one does; the others are told.
pub async fn one_binding<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let log: AppendOnly<Text, Integer> = AppendOnly::open(&store, "root").await.unwrap();
    for key in ["a", "b", "c"] {
        let add = |n| {
            let log = log.clone();
            tokio::spawn(async move { log.add(key, n).await.is_ok().then_some(n) })
        };
        let added: Vec<i64> = ends((0..16).map(add)).await.into_iter().flatten().collect();
        assert_eq!(added.len(), 1);
        assert_eq!(log.find(key).await.unwrap(), Some(added[0]));
    }
}

/// G6: a link can be made again; to another target it is refused, and the old one stays.
pub async fn links<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let links = Link::open(&store, "root").await.unwrap();
    let [one, two, three] = [b"1", b"2", b"3"].map(|bytes| sha256(bytes));
    assert_eq!(links.find(one).await.unwrap(), None);
    links.add(one, two).await.unwrap();
    links.add(one, two).await.unwrap();
    assert_eq!(links.find(one).await.unwrap(), Some(two));
    names(&fails(links.add(one, three).await, ErrorKind::AlreadyBound), &["root:link"]);
    assert_eq!(links.find(one).await.unwrap(), Some(two));
    links.add(two, three).await.unwrap();
    links.add(three, three).await.unwrap();
    assert!(links.mem(one).await.unwrap());
    assert!(links.mem(two).await.unwrap());
    assert!(!links.mem(sha256(b"4")).await.unwrap());
    assert_eq!(links.try_find(two).await.unwrap(), Some(three));
}
