//! Each verb, with each of its errors.

use std::time::{Duration, UNIX_EPOCH};

use persist_core::kv::Kind;

use super::aid::{all, listed, sown, told};
use crate::{KvSubject, Place};

/// A value, a dictionary, nothing; and nothing behind a value.
pub async fn exists<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/b", "1")]).await;
    for (key, kind) in [
        ("", Some(Kind::Dictionary)),
        ("a", Some(Kind::Dictionary)),
        ("a/b", Some(Kind::Value)),
        ("a/c", None),
        ("a/b/c", None),
        ("c/d", None),
    ] {
        assert_eq!(kv.exists(key).await.unwrap(), kind, "{key}");
    }
}

/// The value, also an empty one and any bytes.
pub async fn get<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(3_000).collect();
    kv.set("a/empty", "").await.unwrap();
    kv.set("a/bytes", &bytes).await.unwrap();
    assert_eq!(kv.get("a/empty").await.unwrap(), b"");
    assert_eq!(kv.get("a/bytes").await.unwrap(), bytes);
    assert_eq!(kv.get_partial("a/bytes", 1_000, 1_500).await.unwrap(), bytes[1_000..2_500]);
    assert_eq!(kv.get_partial("a/bytes", u64::MAX, u64::MAX).await.unwrap(), b"");
    for (key, why) in [("a", "ValueExpected /a"), ("b", "NotFound /b"), ("b/c", "NotFound /b/c")] {
        assert_eq!(told(kv.get(key).await), why);
        assert_eq!(told(kv.get_partial(key, 0, 1).await), why);
    }
}

/// The direct entries with their kinds, whole keys, in order; page by page too.
pub async fn list<S: KvSubject>(place: Place<S>) {
    use futures_util::TryStreamExt;

    let kv = place.kv().await;
    sown(&kv, &[("d/b/x/y", "1"), ("d/a", "2"), ("d/é", "3"), ("d/B", "4"), ("e", "5")]).await;
    assert_eq!(listed(&kv, "d").await, ["/d/B", "/d/a", "/d/b/", "/d/é"]);
    assert_eq!(listed(&kv, "").await, ["/d/", "/e"]);
    assert_eq!(told(kv.list("e").await), "DictionaryExpected /e");
    assert_eq!(told(kv.list("f").await), "NotFound /f");
    let first = kv.entries("e").try_next().await;
    assert_eq!(told(first), "DictionaryExpected /e");

    let mut expected = Vec::new();
    kv.batch(async |batch| {
        for number in 0..1_500 {
            batch.set(format!("many/{number:04}"), number.to_string()).await?;
        }
        Ok::<_, persist_core::kv::Error>(())
    })
    .await
    .unwrap();
    expected.extend((0..1_500).map(|number| format!("/many/{number:04}")));
    assert_eq!(listed(&kv, "many").await, expected);
    let entries: Vec<_> = kv.entries("many").try_collect().await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.key.to_string()).collect::<Vec<_>>(), expected);
}

/// That of the last change; of a dictionary the latest among its direct values.
pub async fn last_modified<S: KvSubject>(place: Place<S>) {
    let now = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(1_000_000));
    let time = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let clock = {
        let now = std::sync::Arc::clone(&now);
        move || UNIX_EPOCH + Duration::from_secs(now.load(std::sync::atomic::Ordering::Relaxed))
    };
    let kv = place.kv().await.with_clock(clock);
    let at = |seconds| now.store(seconds, std::sync::atomic::Ordering::Relaxed);
    kv.set("d/a", "1").await.unwrap();
    at(2_000_000);
    kv.set("d/b", "2").await.unwrap();
    at(3_000_000);
    kv.set("d/deeper/c", "3").await.unwrap();
    for (key, seconds) in
        [("d/a", 1_000_000), ("d/b", 2_000_000), ("d", 2_000_000), ("d/deeper", 3_000_000)]
    {
        assert_eq!(kv.last_modified(key).await.unwrap(), time(seconds), "{key}");
    }
    at(4_000_000);
    kv.set_partial("d/a", 1, "x").await.unwrap();
    assert_eq!(kv.last_modified("d/a").await.unwrap(), time(4_000_000));
    assert_eq!(kv.last_modified("d").await.unwrap(), time(4_000_000));
    at(5_000_000);
    kv.rename("d/a", "e").await.unwrap();
    assert_eq!(kv.last_modified("e").await.unwrap(), time(4_000_000));
    assert_eq!(kv.last_modified("d").await.unwrap(), time(2_000_000));
    assert_eq!(told(kv.last_modified("f").await), "NotFound /f");
    assert_eq!(told(kv.last_modified("e/f").await), "DictionaryExpected /e");
    kv.last_modified("").await.unwrap();
}

/// Of a value, the SHA-256; of a dictionary, one of what it holds and of nothing else.
pub async fn digest<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    kv.set("abc", "abc").await.unwrap();
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(kv.digest("abc").await.unwrap().to_string(), abc);

    // The vector of docs/formats.md: a value `a` of the bytes `bc`, and an empty dictionary `d`.
    sown(&kv, &[("one/a", "bc"), ("one/d/gone", "")]).await;
    kv.remove("one/d/gone").await.unwrap();
    let one = kv.digest("one").await.unwrap();
    assert_eq!(one.to_string(), "b2a6c0bbf8bfe61121a5d0594aa6b27583266940b37cc0d11bad99053500bec1");
    sown(&kv, &[("two/d/gone", "x"), ("two/a", "other")]).await;
    kv.remove("two/d/gone").await.unwrap();
    assert_ne!(kv.digest("two").await.unwrap(), one);
    kv.set("two/a", "bc").await.unwrap();
    assert_eq!(kv.digest("two").await.unwrap(), one, "equal contents");
    kv.rename("two/a", "two/b").await.unwrap();
    assert_ne!(kv.digest("two").await.unwrap(), one, "another name");
    kv.rename("two/b", "two/a").await.unwrap();
    kv.remove("two/d").await.unwrap();
    kv.set("two/d", "").await.unwrap();
    assert_ne!(kv.digest("two").await.unwrap(), one, "another kind");
    kv.digest("").await.unwrap();
    assert_eq!(told(kv.digest("f").await), "NotFound /f");
    assert_eq!(told(kv.digest("abc/f").await), "DictionaryExpected /abc");
}

/// The bytes of a value.
pub async fn size<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for size in [0, 1, 1_023, 1_024, 1_025, 65_536, 65_537] {
        kv.set("d/a", vec![1; size]).await.unwrap();
        assert_eq!(kv.size("d/a").await.unwrap(), size as u64);
    }
    assert_eq!(told(kv.size("d").await), "ValueExpected /d");
    assert_eq!(told(kv.size("e").await), "NotFound /e");
    assert_eq!(told(kv.size("d/a/b").await), "DictionaryExpected /d/a");
}

/// It replaces values and whole dictionaries, and makes those above it.
pub async fn set<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/b/c", "1"), ("a/b/c", "2"), ("a/b/d", "3")]).await;
    assert_eq!(kv.get("a/b/c").await.unwrap(), b"2");
    kv.set("a", "all of it").await.unwrap();
    assert_eq!(all(&kv).await, [("/a".into(), b"all of it".to_vec())].into());
    assert_eq!(told(kv.set("a/b", "4").await), "DictionaryExpected /a");
    kv.remove("a").await.unwrap();
    kv.set("a/x", "5").await.unwrap();
    assert_eq!(listed(&kv, "a").await, ["/a/x"], "what was replaced has come back");
}

/// What is before and behind stays; an absent key is made.
pub async fn set_partial<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    kv.set_partial("d/a", 7, "hello").await.unwrap();
    assert_eq!(kv.get("d/a").await.unwrap(), b"hello");
    kv.set_partial("d/a", 1, "u").await.unwrap();
    assert_eq!(kv.get("d/a").await.unwrap(), b"hullo");
    kv.set_partial("d/a", 2, "").await.unwrap();
    assert_eq!(kv.get("d/a").await.unwrap(), b"hullo");
    kv.set("d/long", vec![1; 1_000]).await.unwrap();
    kv.set_partial("d/long", 990, vec![2; 100]).await.unwrap();
    assert_eq!(kv.get("d/long").await.unwrap(), [vec![1; 990], vec![2; 100]].concat());
    assert_eq!(told(kv.set_partial("d", 0, "x").await), "ValueExpected /d");
    assert_eq!(told(kv.set_partial("d/a/b", 0, "x").await), "DictionaryExpected /d/a");
}

/// Zeros, at a time of one's choice, where nothing is.
pub async fn allocate<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let time = UNIX_EPOCH + Duration::from_secs(1_234_567);
    for size in [0, 10, 1_024, 70_000] {
        let key = format!("d/{size}");
        kv.allocate(&key, size, Some(time)).await.unwrap();
        assert_eq!(kv.get(&key).await.unwrap(), vec![0; usize::try_from(size).unwrap()]);
        assert_eq!(kv.last_modified(&key).await.unwrap(), time);
    }
    kv.set_partial("d/70000", 69_999, "xy").await.unwrap();
    assert_eq!(kv.get_partial("d/70000", 69_998, 10).await.unwrap(), b"\0xy");
    assert_eq!(told(kv.allocate("d", 1, None).await), "AlreadyPresent /d");
    assert_eq!(told(kv.allocate("d/10", 1, None).await), "AlreadyPresent /d/10");
    assert_eq!(told(kv.allocate("d/10/x", 1, None).await), "DictionaryExpected /d/10");
}

/// Values and whole dictionaries; what is absent is removed already.
pub async fn remove<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/b/c", "1"), ("a/d", "2"), ("e", "3")]).await;
    for absent in ["x", "x/y", "a/x"] {
        kv.remove(absent).await.unwrap();
    }
    kv.remove("a/d").await.unwrap();
    assert_eq!(listed(&kv, "a").await, ["/a/b/"]);
    kv.remove("a").await.unwrap();
    assert_eq!(listed(&kv, "").await, ["/e"]);
    assert_eq!(told(kv.get("a/b/c").await), "NotFound /a/b/c");
    kv.remove("").await.unwrap();
    assert_eq!(listed(&kv, "").await, [""; 0]);
    sown(&kv, &[("a/b", "4")]).await;
    assert_eq!(listed(&kv, "a").await, ["/a/b"]);
}

/// Besides the worked cases: what is absent, where nothing moves, and what would be lost.
pub async fn rename<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("v", "1"), ("d/v", "2"), ("e/d/w", "3"), ("e/v/x", "4")]).await;
    let before = all(&kv).await;
    for (source, dest, told_so) in [
        ("x", "y", "NotFound /x"),
        ("d/x", "y", "NotFound /d/x"),
        ("v/x", "y", "DictionaryExpected /v"),
        ("d", "v/x", "DictionaryExpected /v"),
        ("v", "v/x", "DictionaryExpected /v"),
        ("", "x", "RenameSourcePrefix / /x"),
        ("d", "d", "RenameSourcePrefix /d /d"),
        ("d", "e", "AlreadyPresent /e/d"),
        ("v", "e", "AlreadyPresent /e/v"),
        ("v", "v", "()"),
        ("v", "", "()"),
        ("d", "", "()"),
        ("d/v", "d", "()"),
    ] {
        assert_eq!(told(kv.rename(source, dest).await), told_so, "{source} to {dest}");
        assert_eq!(all(&kv).await, before, "{source} to {dest}");
    }
    kv.rename("d", "new/place/d").await.unwrap();
    assert_eq!(listed(&kv, "new/place/d").await, ["/new/place/d/v"]);
    kv.rename("v", "new/place/d").await.unwrap();
    assert_eq!(kv.get("new/place/d/v").await.unwrap(), b"1", "the value there is replaced");
    assert_eq!(listed(&kv, "").await, ["/e/", "/new/"]);
}

/// A key behind a value names it.
pub async fn through_values<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/v", "1")]).await;
    let told_so = "DictionaryExpected /a/v";
    for key in ["a/v/x", "a/v/x/y"] {
        assert_eq!(told(kv.get(key).await), told_so);
        assert_eq!(told(kv.get_partial(key, 0, 1).await), told_so);
        assert_eq!(told(kv.list(key).await), told_so);
        assert_eq!(told(kv.size(key).await), told_so);
        assert_eq!(told(kv.digest(key).await), told_so);
        assert_eq!(told(kv.last_modified(key).await), told_so);
        assert_eq!(told(kv.set(key, "").await), told_so);
        assert_eq!(told(kv.set_partial(key, 0, "").await), told_so);
        assert_eq!(told(kv.allocate(key, 0, None).await), told_so);
        assert_eq!(told(kv.remove(key).await), told_so);
        assert_eq!(told(kv.rename(key, "b").await), told_so);
        assert_eq!(told(kv.reader(key).await.map(drop)), told_so);
    }
}

/// The top is a dictionary, and stays one.
pub async fn empty_key<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for key in ["", "/", "//"] {
        assert_eq!(kv.exists(key).await.unwrap(), Some(Kind::Dictionary));
        assert_eq!(listed(&kv, key).await, [""; 0]);
        assert_eq!(told(kv.get(key).await), "ValueExpected /");
        assert_eq!(told(kv.size(key).await), "ValueExpected /");
        assert_eq!(told(kv.set(key, "x").await), "ValueExpected /");
        assert_eq!(told(kv.set_partial(key, 0, "x").await), "ValueExpected /");
        assert_eq!(told(kv.allocate(key, 0, None).await), "AlreadyPresent /");
        kv.remove(key).await.unwrap();
    }
}

/// A dictionary does not go away with its last entry.
pub async fn dictionaries_stay<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/b", "1"), ("c/d", "1")]).await;
    kv.remove("a/b").await.unwrap();
    kv.rename("c/d", "e").await.unwrap();
    assert_eq!(listed(&kv, "").await, ["/a/", "/c/", "/e"]);
    assert_eq!(listed(&kv, "a").await, [""; 0]);
}
