//! What happens to stored bytes beneath these stores.

use persist_core::ErrorKind;
use persist_core::backend::{Cell, TableHandle};
use persist_core::column::{Bytes, Json, Text};
use persist_core::objects::{AppendOnly, Atomic, ContentAddressed, Digest, Hashed, Link, Sha256};

use super::{blobs, sha256};
use crate::aid::cells::{get, put, table_of};
use crate::aid::{fails, names};
use crate::{Place, Subject};

/// A value whose bytes were changed is `Corrupt`, naming table and key, in both forms of `find`.
pub async fn corrupt<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let blobs = blobs(&store).await;
    let hash = blobs.add(b"abc").await.unwrap();
    let other = blobs.add(b"other").await.unwrap();
    let raw = table_of::<Hashed<Sha256>, Bytes>(&backend, "root:obj").await;
    for bad in [&b""[..], b"abd", b"abc\0", b"other"] {
        put(&backend, &raw, cell(hash), Cell::Bytes(bad.to_vec())).await;
        for found in [blobs.find(hash).await, blobs.try_find(hash).await] {
            let error = fails(found, ErrorKind::Corrupt);
            names(&error, &["root:obj", &hash.to_string(), "sha256"]);
            assert!(!error.is_retryable());
        }
        assert!(blobs.mem(hash).await.unwrap());
        assert_eq!(blobs.find(other).await.unwrap().as_deref(), Some(&b"other"[..]));
    }
}

/// Adding a value again repairs it, alone or with others.
pub async fn repaired<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let blobs = blobs(&store).await;
    let raw = table_of::<Hashed<Sha256>, Bytes>(&backend, "root:obj").await;
    for alone in [true, false] {
        let hash = blobs.add(b"abc").await.unwrap();
        put(&backend, &raw, cell(hash), Cell::Bytes(b"abd".to_vec())).await;
        fails(blobs.find(hash).await, ErrorKind::Corrupt);
        if alone {
            blobs.add(b"abc").await.unwrap();
        } else {
            blobs.add_all([&b"new"[..], b"abc"]).await.unwrap();
        }
        assert_eq!(blobs.find(hash).await.unwrap().as_deref(), Some(&b"abc"[..]));
    }
}

/// G3, G4: what cannot be decoded is there for `mem`, absent for `find`, and `Decode` for
/// `try_find`; nothing that compares overwrites it.
pub async fn undecodable<S: Subject>(place: Place<S>) {
    type Lists = Json<Vec<u8>>;
    let (backend, store) = place.both().await;
    let bad = || Cell::Text("[1".into());
    let log: AppendOnly<Text, Lists> = AppendOnly::open(&store, "root").await.unwrap();
    let raw = table_of::<Text, Lists>(&backend, "root:append").await;
    put(&backend, &raw, key(), bad()).await;
    assert!(log.mem("k").await.unwrap());
    assert_eq!(log.find("k").await.unwrap(), None);
    names(&fails(log.try_find("k").await, ErrorKind::Decode), &["root:append", "\"k\"", "json/1"]);
    fails(log.add("k", &vec![1]).await, ErrorKind::Decode);
    is(&*backend, &raw, key(), bad()).await;

    let heads: Atomic<Text, Lists> = Atomic::open(&store, "root").await.unwrap();
    let raw = table_of::<Text, Lists>(&backend, "root:data").await;
    put(&backend, &raw, key(), bad()).await;
    assert!(heads.mem("k").await.unwrap());
    assert_eq!(heads.find("k").await.unwrap(), None);
    fails(heads.try_find("k").await, ErrorKind::Decode);
    assert_eq!(heads.list().await.unwrap(), ["k"], "values are not decoded to list keys");
    fails(heads.test_and_set("k", None, Some(&vec![1])).await, ErrorKind::Decode);
    is(&*backend, &raw, key(), bad()).await;
    heads.set("k", &vec![1]).await.unwrap();
    assert_eq!(heads.find("k").await.unwrap(), Some(vec![1]));

    let lists: ContentAddressed<Sha256, Lists> =
        ContentAddressed::open(&store, "root").await.unwrap();
    let raw = table_of::<Hashed<Sha256>, Lists>(&backend, "root:obj").await;
    let hash = sha256(b"[1");
    put(&backend, &raw, cell(hash), bad()).await;
    assert!(lists.mem(hash).await.unwrap());
    assert_eq!(lists.find(hash).await.unwrap(), None);
    fails(lists.try_find(hash).await, ErrorKind::Decode);

    let links: Link<Sha256> = Link::open(&store, "root").await.unwrap();
    let raw = table_of::<Hashed<Sha256>, Hashed<Sha256>>(&backend, "root:link").await;
    put(&backend, &raw, cell(hash), Cell::Bytes(vec![1; 20])).await;
    assert!(links.mem(hash).await.unwrap());
    assert_eq!(links.find(hash).await.unwrap(), None);
    fails(links.try_find(hash).await, ErrorKind::Decode);
}

async fn is(
    backend: &dyn persist_core::backend::Backend,
    table: &TableHandle,
    key: Cell,
    value: Cell,
) {
    assert!(get(backend, table, key).await == Some(value), "it was overwritten");
}

fn key() -> Cell {
    Cell::Text("k".into())
}

fn cell(hash: Digest<Sha256>) -> Cell {
    Cell::Bytes(hash.as_bytes().to_vec())
}
