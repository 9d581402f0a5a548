//! Roots, namespaces and keys.

use futures_util::StreamExt;
use persist_core::column::{Bytes, Integer, Text};
use persist_core::objects::{AppendOnly, Atomic, ContentAddressed, Digest, Hashed, Link, Sha256};
use persist_core::{Change, ErrorKind};

use super::{blobs, heads, sha256};
use crate::aid::{fails, key};
use crate::{Place, Subject};

/// G1: a store is opened by its root, made if it is not there, and the same again afterwards;
/// roots that make no table name are refused.
pub async fn opening<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let first = heads(&store).await;
    first.set("main", 1).await.unwrap();
    assert_eq!(heads(&store).await.find("main").await.unwrap(), Some(1));
    assert_eq!(heads(&store.handle().unwrap()).await.find("main").await.unwrap(), Some(1));
    let bare: Atomic<Text, Integer> = Atomic::open(&store, "").await.unwrap();
    assert_eq!(bare.find("main").await.unwrap(), None);
    let names: Vec<String> =
        store.tables().await.unwrap().into_iter().map(|table| table.spec.name).collect();
    assert_eq!(names, ["data", "root:data"]);
    for root in ["a\0b", "__persist", &"x".repeat(196)] {
        fails(Atomic::<Text, Integer>::open(&store, root).await, ErrorKind::InvalidName);
        fails(Link::<Sha256>::open(&store, root).await, ErrorKind::InvalidName);
    }
    Atomic::<Text, Integer>::open(&store, &"x".repeat(195)).await.unwrap();
    fails(Atomic::<Text, Text>::open(&store, "root").await, ErrorKind::SchemaMismatch);
    store.close().await.unwrap();
    fails(Atomic::<Text, Integer>::open(&store, "root").await, ErrorKind::Closed);
    fails(first.list().await, ErrorKind::Closed);
}

/// G2: stores under one root, and under roots that begin one another, do not see one another.
pub async fn namespaces<S: Subject>(place: Place<S>) {
    type Key = Hashed<Sha256>;
    let store = place.open().await;
    let hash = sha256(b"value");
    for root in ["", ":", "a", "a:", "a:obj", "a:obj:obj", "a:data", "A", "a b"] {
        let blobs: ContentAddressed<Sha256, Bytes> =
            ContentAddressed::open(&store, root).await.unwrap();
        let links: Link<Sha256> = Link::open(&store, root).await.unwrap();
        let heads: Atomic<Key, Bytes> = Atomic::open(&store, root).await.unwrap();
        let log: AppendOnly<Key, Bytes> = AppendOnly::open(&store, root).await.unwrap();
        assert!(!blobs.mem(hash).await.unwrap(), "{root:?}");
        blobs.add(b"value").await.unwrap();
        assert!(!links.mem(hash).await.unwrap(), "{root:?}");
        links.add(hash, hash).await.unwrap();
        assert!(!heads.mem(hash).await.unwrap(), "{root:?}");
        heads.set(hash, root.as_bytes()).await.unwrap();
        assert!(!log.mem(hash).await.unwrap(), "{root:?}");
        log.add(hash, root.as_bytes()).await.unwrap();
        assert_eq!(heads.list().await.unwrap(), [hash], "{root:?}");
    }
    assert_eq!(store.tables().await.unwrap().len(), 9 * 4);
    for root in ["", ":", "a", "a:", "a:obj"] {
        let heads: Atomic<Key, Bytes> = Atomic::open(&store, root).await.unwrap();
        assert_eq!(heads.find(hash).await.unwrap().as_deref(), Some(root.as_bytes()));
    }
}

/// G12: values, links and branches under one root are a repository, for every handle.
pub async fn together<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let other = store.handle().unwrap();
    let first = blobs(&store).await.add(b"first").await.unwrap();
    let branches: Atomic<Text, Hashed<Sha256>> = Atomic::open(&store, "root").await.unwrap();
    assert!(branches.test_and_set("main", None, Some(first)).await.unwrap());
    Link::open(&store, "root").await.unwrap().add(Digest::of(b"alias"), first).await.unwrap();

    let branches: Atomic<Text, Hashed<Sha256>> = Atomic::open(&other, "root").await.unwrap();
    let head = branches.find("main").await.unwrap().unwrap();
    let alias = Link::open(&other, "root").await.unwrap().find(Digest::of(b"alias")).await;
    assert_eq!(alias.unwrap(), Some(head));
    let found = blobs(&other).await.find(head).await.unwrap();
    assert_eq!(found.as_deref(), Some(&b"first"[..]));
}

/// Keys that look like paths are apart: `a` is no parent of `a/b`.
pub async fn branches<S: Subject>(place: Place<S>) {
    const KEYS: [&str; 8] = ["", "/", "a", "a/", "a//b", "a/b", "b", "root:data"];
    let store = place.open().await;
    let heads = heads(&store).await;
    let mut watch = heads.watch_key("a");
    watch.ready().await.unwrap();
    for (n, key) in (0..).zip(KEYS) {
        heads.set(key, n).await.unwrap();
    }
    assert_eq!(watch.next().await.unwrap().unwrap(), Change::Added(2));
    assert_eq!(heads.list().await.unwrap(), KEYS);
    assert!(heads.remove("a").await.unwrap());
    assert!(!heads.remove("a").await.unwrap(), "G10: an absent key is no error");
    assert_eq!(watch.next().await.unwrap().unwrap(), Change::Removed { old: 2 });
    assert_eq!(heads.find("a/b").await.unwrap(), Some(5));
    assert_eq!(heads.find("a/").await.unwrap(), Some(3));
    assert_eq!(heads.list().await.unwrap().len(), 7);
}

/// Keys and values of any bytes, and of none.
pub async fn binary_keys<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let heads: Atomic<Bytes, Bytes> = Atomic::open(&store, "binary").await.unwrap();
    let mut keys: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    keys.extend([vec![], vec![0, 0], b"a:b".to_vec(), b"\xff\xff".to_vec(), vec![9; 2000]]);
    for key in &keys {
        let value = if key.len() == 1 { &[] } else { key.as_slice() };
        let mut watch = heads.watch_key(key);
        watch.ready().await.unwrap();
        assert!(heads.test_and_set(key, None, Some(value)).await.unwrap());
        assert_eq!(watch.next().await.unwrap().unwrap(), Change::Added(value.to_vec()));
        assert_eq!(heads.find(key).await.unwrap().as_deref(), Some(value));
        assert!(heads.test_and_set(key, Some(value), Some(b"")).await.unwrap());
        assert_eq!(heads.find(key).await.unwrap(), Some(vec![]));
        assert!(heads.mem(key).await.unwrap(), "an empty value is a value");
    }
    keys.sort();
    assert_eq!(heads.list().await.unwrap(), keys);
    fails(heads.set(&[9; 2001], b"").await, ErrorKind::TooLarge);
}

/// G8: all keys are listed, in their order, however many there are, and no others.
pub async fn listing<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let heads = heads(&store).await;
    assert!(heads.list().await.unwrap().is_empty());
    let names: Vec<String> = (0..3000).map(key).collect();
    let sets = names.iter().map(|name| heads.set(name, 0));
    futures_util::future::try_join_all(sets).await.unwrap();
    blobs(&store).await.add(b"not a branch").await.unwrap();
    assert_eq!(heads.list().await.unwrap(), names);
    heads.remove(&names[1]).await.unwrap();
    assert_eq!(heads.list().await.unwrap().len(), 2999);
}
