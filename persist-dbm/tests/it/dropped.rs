//! The rows of a dropped table go away, bit by bit.

use persist_core::ErrorKind;

use crate::Dir;
use crate::dir::{fill, large, numbers, values};

#[tokio::test]
async fn files_do_not_keep_what_was_dropped() {
    let dir = Dir::new();
    let store = dir.open().await;
    let stays = numbers(&store, "stays").await;
    stays.insert(1, 1).await.unwrap();
    let goes = values(&store).await;
    for number in 0..100 {
        goes.insert(&format!("{number}"), &large(number)).await.unwrap();
    }
    let held = goes.range(..).snapshot();
    assert!(store.drop_table("values").await.unwrap());
    assert_eq!(goes.get("1").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(held.count().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(goes.insert("1", b"").await.unwrap_err().kind(), ErrorKind::NotFound);
    // It is not the same table.
    assert!(values(&store).await.is_empty().await.unwrap());
    store.close().await.unwrap();
    // 2 MB were there; rows that have not gone yet are not copied.
    let compacted = persist_dbm::compact(dir.store()).await.unwrap();
    assert!(compacted.after < 1_500_000, "{compacted:?}");
    let store = dir.open().await;
    assert_eq!(numbers(&store, "stays").await.get(1).await.unwrap(), Some(1));
    assert!(values(&store).await.is_empty().await.unwrap());
}

#[tokio::test]
async fn clearing_a_table_beside_a_snapshot() {
    let dir = Dir::new();
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    fill(&store, &table, 0..5000, 3).await;
    let held = table.range(..).snapshot().stream();
    let mut held = Box::pin(held);
    assert_eq!(futures_util::StreamExt::next(&mut held).await.unwrap().unwrap(), (0, 0));
    table.clear().await.unwrap();
    assert!(table.is_empty().await.unwrap());
    fill(&store, &table, 2000..3000, 5).await;
    let rest: Vec<_> = futures_util::TryStreamExt::try_collect(held).await.unwrap();
    assert_eq!(rest, (1..5000).map(|n| (n, n * 3)).collect::<Vec<_>>());
}
