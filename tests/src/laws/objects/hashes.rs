//! Hash functions: the published ones, and one's own.

use persist_core::ErrorKind;
use persist_core::column::{Bytes, Text};
use persist_core::objects::{Blake3, ContentAddressed, Digest, Hash, Link, Sha1, Sha256};

use crate::aid::{fails, names};
use crate::{Place, Subject};

/// A hash under which many values meet.
enum Sum {}

impl Hash for Sum {
    type Bytes = [u8; 1];
    const NAME: &'static str = "example.org/sum";

    fn digest(bytes: &[u8]) -> [u8; 1] {
        [bytes.iter().fold(0, |sum, byte| sum ^ byte)]
    }
}

/// The hashes of no bytes and of `abc` are those that are published.
pub async fn digests<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    published::<Sha1>(
        &store,
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
    )
    .await;
    published::<Sha256>(
        &store,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    )
    .await;
    published::<Blake3>(
        &store,
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
    )
    .await;
    published::<Sum>(&store, "00", "60").await;
}

async fn published<H: Hash>(store: &persist_core::Persist, empty: &str, abc: &str) {
    let blobs: ContentAddressed<H, Bytes> = ContentAddressed::open(store, H::NAME).await.unwrap();
    for (value, text) in [(&b""[..], empty), (b"abc", abc)] {
        let hash = blobs.add(value).await.unwrap();
        assert_eq!(hash.to_string(), text, "{}", H::NAME);
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(text.to_uppercase().parse(), Ok(hash));
        assert_eq!(Digest::from_bytes(hash.as_bytes()), Some(hash));
        assert_eq!(blobs.find(hash).await.unwrap().as_deref(), Some(value));
    }
    for text in ["", "0", "zz", &format!("{empty}00"), &format!("{empty}0"), "é"] {
        text.parse::<Digest<H>>().unwrap_err();
    }
}

/// A store remembers its hash: opening it with another one is `SchemaMismatch`, naming both.
pub async fn remembered<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let blobs: ContentAddressed<Sha256, Bytes> = ContentAddressed::open(&store, "r").await.unwrap();
    let hash = blobs.add(b"abc").await.unwrap();
    // Of the same length, so that only the name tells them apart.
    let other = ContentAddressed::<Blake3, Bytes>::open(&store, "r").await;
    names(&fails(other, ErrorKind::SchemaMismatch), &["r:obj", "sha256", "blake3"]);
    fails(ContentAddressed::<Sha1, Bytes>::open(&store, "r").await, ErrorKind::SchemaMismatch);
    fails(ContentAddressed::<Sha256, Text>::open(&store, "r").await, ErrorKind::SchemaMismatch);
    let again: ContentAddressed<Sha256, Bytes> = ContentAddressed::open(&store, "r").await.unwrap();
    assert_eq!(again.find(hash).await.unwrap().as_deref(), Some(&b"abc"[..]));
    Link::<Sha1>::open(&store, "r").await.unwrap();
    fails(Link::<Sha256>::open(&store, "r").await, ErrorKind::SchemaMismatch);
}

/// Of two values with one hash, the first one stays and the second is refused, alone or among
/// others.
pub async fn collisions<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let blobs: ContentAddressed<Sum, Bytes> = ContentAddressed::open(&store, "r").await.unwrap();
    let hash = blobs.add(b"ab").await.unwrap();
    let error = fails(blobs.add(b"ba").await, ErrorKind::AlreadyBound);
    names(&error, &["r:obj", "example.org/sum"]);
    fails(blobs.add_all([&b"c"[..], b"ba"]).await, ErrorKind::AlreadyBound);
    assert!(!blobs.mem(Digest::of(b"c")).await.unwrap(), "all or none");
    fails(blobs.add_all([&b"xy"[..], b"yx"]).await, ErrorKind::AlreadyBound);
    assert_eq!(blobs.find(hash).await.unwrap().as_deref(), Some(&b"ab"[..]));
}
