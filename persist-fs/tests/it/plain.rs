//! Values are files and dictionaries are directories, for everybody.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use persist_core::kv::{Error, Kind};

use crate::Dir;
use crate::dir::tree;

fn file(key: &str, content: &str) -> (String, Option<Vec<u8>>) {
    (key.to_owned(), Some(content.as_bytes().to_vec()))
}

fn directory(key: &str) -> (String, Option<Vec<u8>>) {
    (key.to_owned(), None)
}

#[tokio::test]
async fn each_verb_leaves_the_tree_that_it_says() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("a", "1").await.unwrap();
    kv.set("d/e/f", "2").await.unwrap();
    kv.set_partial("a", 1, "23").await.unwrap();
    assert_eq!(
        tree(&dir.root()),
        [file("a", "123"), directory("d"), directory("d/e"), file("d/e/f", "2")]
    );
    kv.rename("d/e", "x/y/z").await.unwrap();
    kv.rename("a", "x/y/z/f").await.unwrap();
    assert_eq!(
        tree(&dir.root()),
        [
            directory("d"),
            directory("x"),
            directory("x/y"),
            directory("x/y/z"),
            file("x/y/z/f", "123")
        ]
    );
    kv.set("x", "now a value").await.unwrap();
    kv.remove("d").await.unwrap();
    assert_eq!(tree(&dir.root()), [file("x", "now a value")]);
    kv.allocate("zeros", 3, None).await.unwrap();
    assert_eq!(tree(&dir.root())[1], file("zeros", "\0\0\0"));
    kv.remove("/").await.unwrap();
    assert_eq!(tree(&dir.root()), []);
}

#[tokio::test]
async fn a_batch_that_moves_everything_through_everything() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("a/b/deep", "ab").await.unwrap();
    kv.set("c/one", "c1").await.unwrap();
    kv.set("v", "v").await.unwrap();
    kv.set("w", "w").await.unwrap();
    kv.batch(async |batch| {
        // A directory into what was below it, two that change places, two values likewise.
        batch.rename("a/b", "t").await?;
        batch.rename("a", "t/a").await?;
        batch.rename("c", "b").await?;
        batch.rename("t", "c").await?;
        batch.rename("v", "u").await?;
        batch.rename("w", "v").await?;
        batch.rename("u", "w").await?;
        batch.set("c/deep", "new").await?;
        batch.set("gone", "x").await?;
        batch.remove("gone").await?;
        batch.set("made/of/many", "m").await?;
        batch.rename("b/one", "made/one").await?;
        batch.set_partial("made/of/many", 1, "ore").await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(
        tree(&dir.root()),
        [
            directory("b"),
            directory("c"),
            directory("c/a"),
            file("c/deep", "new"),
            directory("made"),
            directory("made/of"),
            file("made/of/many", "more"),
            file("made/one", "c1"),
            file("v", "w"),
            file("w", "v"),
        ]
    );
    kv.tidy().await.unwrap();
    let health = kv.check().await.unwrap();
    assert_eq!((health.leftovers, health.orphans), (0, 0), "{health:?}");
    assert_eq!((health.values, health.dictionaries, health.bytes), (5, 6, 11));
}

#[tokio::test]
async fn times_are_the_files() {
    let dir = Dir::new();
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(7);
    let kv = dir.open().await.with_clock(move || at(1_000));
    kv.set("a/b", "c").await.unwrap();
    let modified = std::fs::metadata(dir.file("a/b")).unwrap().modified().unwrap();
    assert_eq!(modified, at(1_000));
    kv.rename("a/b", "b").await.unwrap();
    assert_eq!(kv.last_modified("b").await.unwrap(), at(1_000));
    std::fs::File::options()
        .write(true)
        .open(dir.file("b"))
        .unwrap()
        .set_modified(at(5_000))
        .unwrap();
    assert_eq!(kv.last_modified("b").await.unwrap(), at(5_000));
    let before = UNIX_EPOCH - Duration::from_millis(1_500);
    kv.allocate("old", 1, Some(before)).await.unwrap();
    assert_eq!(kv.last_modified("old").await.unwrap(), before);
}

#[tokio::test]
async fn a_value_that_is_replaced_keeps_the_rights_of_its_file() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("secret", "1").await.unwrap();
    std::fs::set_permissions(dir.file("secret"), PermissionsExt::from_mode(0o600)).unwrap();
    kv.set("secret", "2").await.unwrap();
    kv.set_partial("secret", 1, "3").await.unwrap();
    let mode = std::fs::metadata(dir.file("secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn large_values_are_staged_and_found_by_nobody_before() {
    let dir = Dir::new();
    let kv = dir.open().await;
    let large: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    kv.set("d/large", &large).await.unwrap();
    assert_eq!(std::fs::read(dir.file("d/large")).unwrap(), large);
    kv.set_partial("d/large", 4_999_999, "end").await.unwrap();
    assert_eq!(kv.size("d/large").await.unwrap(), 5_000_002);
    let grown = [&large[..4_999_999], b"end"].concat();
    assert!(kv.get("d/large").await.unwrap() == grown);
    drop(kv.writer("unfinished"));
    assert_eq!(kv.exists("unfinished").await.unwrap(), None);
    assert_eq!(kv.exists("d").await.unwrap(), Some(Kind::Dictionary));
    kv.tidy().await.unwrap();
    let health = kv.check().await.unwrap();
    assert_eq!((health.leftovers, health.orphans), (0, 0), "{health:?}");
}
