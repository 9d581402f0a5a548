//! Every legal key works, and none leads to the store's own files.

use persist_core::kv::{KeyPath, Kind};

use crate::Dir;
use crate::dir::tree;

#[tokio::test]
async fn the_store_hides_its_own_directory_and_loses_no_key_to_it() {
    let dir = Dir::new();
    let kv = dir.open().await;
    for key in [".persist", ".persist\u{fffd}", "lock", "journal", "session-0", "..."] {
        kv.set(key, key).await.unwrap();
    }
    let listed = kv.list("/").await.unwrap();
    let names: Vec<_> = listed.iter().map(|entry| entry.key.basename()).collect();
    assert_eq!(names, ["...", ".persist", ".persist\u{fffd}", "journal", "lock", "session-0"]);
    kv.remove("/").await.unwrap();
    kv.set("after", "all").await.unwrap();
    assert_eq!(tree(&dir.root()).len(), 1);
}

#[tokio::test]
async fn the_deepest_key() {
    let dir = Dir::new();
    let kv = dir.open().await;
    let deepest = KeyPath::parse(&"x/".repeat(2_048));
    kv.set(&deepest, "down").await.unwrap();
    assert_eq!(kv.get(&deepest).await.unwrap(), b"down");
    kv.set_partial(&deepest, 4, " here").await.unwrap();
    assert_eq!(kv.get(&deepest).await.unwrap(), b"down here");
    kv.rename("x/x", "y").await.unwrap();
    assert_eq!(kv.exists(&deepest).await.unwrap(), None);
    kv.remove("y").await.unwrap();
    kv.tidy().await.unwrap();
    let health = kv.check().await.unwrap();
    assert_eq!((health.leftovers, health.orphans, health.dictionaries), (0, 0, 2), "{health:?}");
}

#[tokio::test]
async fn the_longest_segment_and_the_oddest_ones() {
    let dir = Dir::new();
    let kv = dir.open().await;
    let longest = "\u{e4}".repeat(127);
    for key in [&*longest, " ", "\n", "-rf", "a\\b", "C:", "\u{1f600}", "~", "*", "a b\tc"] {
        kv.set(format!("odd/{key}"), key).await.unwrap();
        assert_eq!(std::fs::read(dir.file("odd").join(key)).unwrap(), key.as_bytes());
    }
    assert_eq!(kv.list("odd").await.unwrap().len(), 10);
    assert_eq!(kv.exists("odd").await.unwrap(), Some(Kind::Dictionary));
}
