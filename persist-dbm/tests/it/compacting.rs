//! Making files small again.

use futures_util::TryStreamExt;
use persist_core::{ErrorKind, Persist};
use persist_dbm::Options;

use crate::child::say;
use crate::dir::{fill, large, numbers, values};
use crate::{Child, Dir};

/// Compacts a store again and again.
pub(crate) async fn compacts(options: Options) {
    // The options are those of a store; only its place is wanted.
    let store = std::env::var_os("PERSIST_DBM_STORE").unwrap();
    drop(options);
    loop {
        say("now");
        persist_dbm::compact(&store).await.unwrap();
    }
}

async fn make(dir: &Dir) {
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    for factor in 1..=6 {
        fill(&store, &table, 0..5000, factor).await;
    }
    let values = values(&store).await;
    for round in 0..20 {
        values.insert("large", &large(round)).await.unwrap();
    }
    store.close().await.unwrap();
}

async fn check(store: &Persist) {
    let rows: Vec<_> = numbers(store, "t").await.range(..).stream().try_collect().await.unwrap();
    assert_eq!(rows, (0..5000).map(|n| (n, n * 6)).collect::<Vec<_>>());
    assert!(values(store).await.get("large").await.unwrap() == Some(large(19)));
    assert_eq!(store.tables().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_compacted_store_is_smaller_and_the_same() {
    let dir = Dir::new();
    make(&dir).await;
    let before = dir.size();
    let compacted = persist_dbm::compact(dir.store()).await.unwrap();
    assert!(compacted.after < compacted.before, "{compacted:?}");
    assert!(dir.size() < before, "{} bytes became {}", before, dir.size());
    let store = dir.open().await;
    check(&store).await;
    let error = persist_dbm::compact(dir.store()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    numbers(&store, "t").await.insert(-1, 1).await.unwrap();
    store.close().await.unwrap();
    persist_dbm::compact(dir.store()).await.unwrap();
    assert_eq!(numbers(&dir.open().await, "t").await.get(-1).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_killed_compaction_leaves_the_store_whole() {
    let dir = Dir::new();
    make(&dir).await;
    for round in 0..12_u64 {
        let mut child = Child::start("compacts", &dir.store());
        assert_eq!(child.line().as_deref(), Some("now"));
        // Anywhere within a compaction or two.
        tokio::time::sleep(std::time::Duration::from_millis(round * 23)).await;
        drop(child.kill());
        let store = dir.open().await;
        check(&store).await;
        store.close().await.unwrap();
        let data = std::fs::read_dir(dir.store()).unwrap().filter(|entry| {
            entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("data-")
        });
        assert_eq!(data.count(), 1, "what is left over is removed");
    }
}

#[tokio::test]
async fn only_a_store_can_be_compacted() {
    let dir = Dir::new();
    for path in [dir.store(), dir.path().to_owned()] {
        let error = persist_dbm::compact(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
    assert!(!dir.store().exists());
}
