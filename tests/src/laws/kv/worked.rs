//! The worked cases of the reference.

use super::aid::{all, listed, sown, told};
use crate::{KvSubject, Place};

/// `a = "bc"`: windows within, at the end, past it and over it.
pub async fn worked_get_partial<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    kv.set("a", "bc").await.unwrap();
    for (offset, length, part) in [(0, 2, "bc"), (1, 1, "c"), (3, 1, ""), (1, 4, "c")] {
        let got = kv.get_partial("a", offset, length).await.unwrap();
        assert_eq!(got, part.as_bytes(), "{offset} {length}");
    }
}

/// `a = "bc"`: what is written at 1 runs over, at 2 and past the end it is appended.
pub async fn worked_set_partial<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for (offset, whole) in [(1, "bbc"), (2, "bcbc"), (10, "bcbc")] {
        kv.set("a", "bc").await.unwrap();
        kv.set_partial("a", offset, "bc").await.unwrap();
        assert_eq!(kv.get("a").await.unwrap(), whole.as_bytes(), "{offset}");
    }
}

/// Of two values, the one at the source is left, at the destination.
pub async fn worked_rename_values<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a", "1"), ("b", "2")]).await;
    kv.rename("b", "a").await.unwrap();
    assert_eq!(all(&kv).await, [("/a".into(), b"2".to_vec())].into());
}

/// A value that is renamed to a dictionary comes to be in it.
pub async fn worked_rename_into<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/x", "1"), ("b", "2")]).await;
    kv.rename("b", "a").await.unwrap();
    assert_eq!(listed(&kv, "").await, ["/a/"]);
    assert_eq!(listed(&kv, "a").await, ["/a/b", "/a/x"]);
    assert_eq!(kv.get("a/b").await.unwrap(), b"2");
}

/// A dictionary does not replace a value.
pub async fn worked_rename_onto_value<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/x", "1"), ("b", "2")]).await;
    let before = all(&kv).await;
    assert_eq!(told(kv.rename("a", "b").await), "ValueExpected /a");
    assert_eq!(all(&kv).await, before);
}

/// A dictionary that is renamed to a dictionary comes to be in it, with all that it holds.
pub async fn worked_rename_dictionaries<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/x", "1"), ("a/y/z", "2"), ("b/w", "3")]).await;
    kv.rename("a", "b").await.unwrap();
    assert_eq!(listed(&kv, "").await, ["/b/"]);
    assert_eq!(listed(&kv, "b").await, ["/b/a/", "/b/w"]);
    assert_eq!(kv.get("b/a/x").await.unwrap(), b"1");
    assert_eq!(kv.get("b/a/y/z").await.unwrap(), b"2");
}

/// A dictionary is not moved into itself.
pub async fn worked_rename_into_itself<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/b/c", "1")]).await;
    let before = all(&kv).await;
    for dest in ["a/b", "a/new", "a/b/c", "a"] {
        let expected = format!("RenameSourcePrefix /a /{dest}");
        assert_eq!(told(kv.rename("a", dest).await), expected);
    }
    assert_eq!(all(&kv).await, before);
}
