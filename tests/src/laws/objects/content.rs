//! G5: values under their hashes.

use persist_core::ErrorKind;
use persist_core::backend::limits::MAX_VALUE;
use persist_core::column::{Bytes, Integer, Json, Real, Text};
use persist_core::objects::{Blake3, ContentAddressed, Digest, Sha1, Sha256};

use super::{blobs, sha256};
use crate::aid::fails;
use crate::aid::tasks::ends;
use crate::{Place, Subject};

/// A value is found under the hash that adding it gave, and adding it again gives the same.
pub async fn adding<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let blobs = blobs(&store).await;
    let large = vec![7; 3 << 20];
    for value in [&b""[..], b"abc", b"\0\xff", &large] {
        let hash = sha256(value);
        assert!(!blobs.mem(hash).await.unwrap());
        assert_eq!(blobs.find(hash).await.unwrap(), None);
        assert_eq!(blobs.add(value).await.unwrap(), hash);
        assert_eq!(blobs.add(value).await.unwrap(), hash);
        assert!(blobs.mem(hash).await.unwrap());
        assert_eq!(blobs.find(hash).await.unwrap().as_deref(), Some(value));
        assert_eq!(blobs.try_find(hash).await.unwrap().as_deref(), Some(value));
    }
    fails(blobs.add(&vec![0; MAX_VALUE + 1]).await, ErrorKind::TooLarge);
}

/// Tasks that add equal and different values at once all get the hashes, and all values are there.
pub async fn adding_at_once<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let blobs = blobs(&store).await;
    let add = |task: usize| {
        let blobs = blobs.clone();
        tokio::spawn(async move {
            let values: Vec<String> = (0..20).map(|n| format!("value {}", task * 5 + n)).collect();
            if task.is_multiple_of(2) {
                blobs.add_all(values.iter().map(String::as_bytes)).await.unwrap();
            }
            for value in values {
                let hash = blobs.add(value.as_bytes()).await.unwrap();
                assert_eq!(blobs.find(hash).await.unwrap(), Some(value.into_bytes()));
            }
        })
    };
    ends((0..12).map(add)).await;
    let there = store.table::<persist_core::objects::Hashed<Sha256>, Bytes>("root:obj").await;
    assert_eq!(there.unwrap().len().await.unwrap(), 75);
}

/// Many values are added in one commit, those that are there or come twice included; their hashes
/// come in the order of the values.
pub async fn bulk<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let blobs = blobs(&store).await;
    assert_eq!(blobs.add_all([]).await.unwrap(), []);
    let values: Vec<String> = (0..300).map(|n| format!("value {}", n % 200)).collect();
    blobs.add(b"value 7").await.unwrap();
    for _ in 0..2 {
        let hashes = blobs.add_all(values.iter().map(String::as_bytes)).await.unwrap();
        assert_eq!(hashes.len(), 300);
        for (hash, value) in hashes.into_iter().zip(&values) {
            assert_eq!(hash, sha256(value.as_bytes()));
            assert_eq!(blobs.find(hash).await.unwrap().as_deref(), Some(value.as_bytes()));
        }
    }
}

/// Values that are more than a commit may hold are refused, and none is stored; those that are
/// there already do not count.
pub async fn bulk_limit<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let blobs = blobs(&store).await;
    let values = [1, 2, 3].map(|byte| vec![byte; 50 << 20]);
    let all = || values.iter().map(Vec::as_slice);
    fails(blobs.add_all(all()).await, ErrorKind::TooLarge);
    for value in all() {
        assert!(!blobs.mem(sha256(value)).await.unwrap());
    }
    blobs.add(&values[1]).await.unwrap();
    let hashes = blobs.add_all(all()).await.unwrap();
    assert_eq!(blobs.find(hashes[2]).await.unwrap().as_ref(), values.last());
}

/// What is hashed are the bytes of the encoded value, whatever the column and the hash.
pub async fn every_cell<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let texts: ContentAddressed<Sha1, Text> = ContentAddressed::open(&store, "t").await.unwrap();
    assert_eq!(texts.add("abc").await.unwrap(), Digest::of(b"abc"));
    assert_eq!(texts.find(Digest::of(b"abc")).await.unwrap().as_deref(), Some("abc"));
    let lists: ContentAddressed<Blake3, Json<Vec<u8>>> =
        ContentAddressed::open(&store, "j").await.unwrap();
    let hash = lists.add(&vec![1, 2]).await.unwrap();
    assert_eq!(hash, Digest::of(b"[1,2]"));
    assert_eq!(lists.find(hash).await.unwrap(), Some(vec![1, 2]));
    let integers: ContentAddressed<Sha256, Integer> =
        ContentAddressed::open(&store, "i").await.unwrap();
    let hash = integers.add(1).await.unwrap();
    assert_eq!(hash, sha256(&[0x80, 0, 0, 0, 0, 0, 0, 1]));
    assert_eq!(integers.find(hash).await.unwrap(), Some(1));
    let reals: ContentAddressed<Sha256, Real> = ContentAddressed::open(&store, "r").await.unwrap();
    let hash = reals.add(-0.0).await.unwrap();
    assert_eq!(hash, reals.add(0.0).await.unwrap());
    assert_eq!(reals.find(hash).await.unwrap(), Some(0.0));
}
