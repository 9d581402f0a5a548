//! Which keys there are.

use persist_core::kv::{KeyPath, MAX_KEY, MAX_SEGMENT};

use super::aid::{listed, told};
use crate::{KvSubject, Place};

/// Any other name works, and none is mistaken for another.
pub async fn names<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let long = "é".repeat(MAX_SEGMENT / 2);
    let odd = [
        "a",
        "A b",
        " a",
        "a ",
        "a.",
        ".a",
        "...",
        "..a",
        "a\\b",
        "C:",
        "*?",
        "\"'",
        "\n",
        "\t",
        "\u{7f}",
        "é",
        "e\u{301}",
        "日本語",
        "🦀",
        "\u{feff}",
        "a\u{202e}b",
        "%2e%2e",
        "~",
        "-",
        "con",
        "nul",
        ".tmp",
        ".persist",
        "lock",
        "journal",
        "\u{10ffff}",
        "\u{1}",
        &long,
    ];
    let top = KeyPath::empty();
    for (number, name) in odd.iter().enumerate() {
        kv.set(top.join(name).unwrap(), number.to_string()).await.unwrap();
        kv.set(top.join("below").unwrap().join(name).unwrap().join(name).unwrap(), name)
            .await
            .unwrap();
    }
    for (number, name) in odd.iter().enumerate() {
        let key = top.join(name).unwrap();
        assert_eq!(kv.get(&key).await.unwrap(), number.to_string().as_bytes(), "{name:?}");
        let below = KeyPath::parse("below").join(name).unwrap().join(name).unwrap();
        assert_eq!(kv.get(&below).await.unwrap(), name.as_bytes(), "{name:?}");
    }
    let mut sorted = odd.to_vec();
    sorted.sort_unstable();
    let sorted: Vec<_> = sorted.iter().map(|name| format!("/below/{name}/")).collect();
    assert_eq!(listed(&kv, "below").await, sorted);
    for name in odd {
        kv.rename(top.join(name).unwrap(), top.join("moved").unwrap()).await.unwrap();
        assert_eq!(kv.exists(top.join(name).unwrap()).await.unwrap(), None, "{name:?}");
    }
    assert_eq!(listed(&kv, "").await, ["/below/", "/moved"]);
}

/// What no store takes is refused by every verb, and changes nothing.
pub async fn refused_names<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    kv.set("d/v", "1").await.unwrap();
    let long = "x".repeat(MAX_SEGMENT + 1);
    for (name, why) in
        [(".", "Dots"), ("..", "Dots"), ("a\0b", "Nul"), (long.as_str(), "LongSegment")]
    {
        let told_so = format!("InvalidKey {why}");
        for key in [format!("d/{name}"), format!("{name}/d"), format!("d/{name}/../d")] {
            assert_eq!(told(kv.exists(&key).await), told_so);
            assert_eq!(told(kv.get(&key).await), told_so);
            assert_eq!(told(kv.list(&key).await), told_so);
            assert_eq!(told(kv.digest(&key).await), told_so);
            assert_eq!(told(kv.set(&key, "").await), told_so);
            assert_eq!(told(kv.set_partial(&key, 0, "").await), told_so);
            assert_eq!(told(kv.allocate(&key, 0, None).await), told_so);
            assert_eq!(told(kv.remove(&key).await), told_so);
            assert_eq!(told(kv.rename(&key, "e").await), told_so);
            assert_eq!(told(kv.rename("d", &key).await), told_so);
            let batch = kv.batch(async |batch| batch.set(&key, "").await).await;
            assert_eq!(told(batch), told_so);
        }
    }
    assert_eq!(listed(&kv, "").await, ["/d/"]);
    assert_eq!(listed(&kv, "d").await, ["/d/v"]);
}

/// The longest segment and the longest key.
pub async fn limits<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let segment = "s".repeat(MAX_SEGMENT);
    let longest = vec![segment.as_str(); MAX_KEY / (MAX_SEGMENT + 1)].join("/");
    assert_eq!(KeyPath::parse(&longest).to_string().len(), MAX_KEY);
    kv.set(&longest, "far down").await.unwrap();
    assert_eq!(kv.get(&longest).await.unwrap(), b"far down");
    assert_eq!(told(kv.get(format!("{longest}/x")).await), "InvalidKey TooLong");
    let deepest = vec!["d"; MAX_KEY / 2].join("/");
    kv.set(&deepest, "deep").await.unwrap();
    assert_eq!(kv.get(&deepest).await.unwrap(), b"deep");
    let deep = vec!["e"; 300].join("/");
    kv.set(&deep, "deep").await.unwrap();
    kv.digest("e").await.unwrap();
    kv.remove("e").await.unwrap();
    kv.rename("d", "e").await.unwrap();
    // What is further down than a key reaches cannot be named any more, but can be removed.
    kv.rename("e", "longer name").await.unwrap();
    kv.remove("longer name").await.unwrap();
    super::aid::clean(&kv).await;
    let error = kv.allocate("huge", (1 << 40) + 1, None).await.unwrap_err();
    assert!(error.to_string().contains("1 TiB"), "{error}");
}
