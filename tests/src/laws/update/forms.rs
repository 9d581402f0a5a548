//! What each form of update does.

use persist_core::column::{Json, Text};
use persist_core::{Error, Ref, Swap, Table};

use crate::aid::{all, numbers};
use crate::{Place, Subject};

/// `update`, `update_or`, `try_update`: absence on both sides, and what they return is what is
/// stored.
pub async fn forms<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    assert_eq!(
        table
            .update("a", |old| {
                assert!(old.is_none());
                None
            })
            .await
            .unwrap(),
        None
    );
    assert!(!table.contains("a").await.unwrap());
    assert_eq!(table.update("a", |old| Some(old.unwrap_or(5))).await.unwrap(), Some(5));
    assert_eq!(table.update("a", |old| old.map(|n| n * 2)).await.unwrap(), Some(10));
    assert_eq!(table.get("a").await.unwrap(), Some(10));
    assert_eq!(table.update("a", |_| None).await.unwrap(), None);
    assert_eq!(table.get("a").await.unwrap(), None);
    assert_eq!(table.update_or("a", 7, |n| n).await.unwrap(), 7);
    assert_eq!(table.get("a").await.unwrap(), Some(7), "a default is stored");
    assert_eq!(table.update_or("a", 0, |n| n + 1).await.unwrap(), 8);
    let tried = table.try_update("a", |old| Ok::<_, Error>(old.map(|n| n + 1))).await;
    assert_eq!(tried.unwrap(), Some(9));
    let tried = table.try_update("a", |_| Ok::<_, Error>(None)).await;
    assert_eq!(tried.unwrap(), None);
    assert!(table.is_empty().await.unwrap());
    let lists: Table<Text, Json<Vec<String>>> = store.table("lists").await.unwrap();
    for word in ["a", "b"] {
        let pushed = lists.update_or("l", &vec![], |mut list| {
            list.push(word.into());
            list
        });
        pushed.await.unwrap();
    }
    assert_eq!(lists.get("l").await.unwrap(), Some(vec!["a".to_owned(), "b".to_owned()]));
    let swapped = lists.compare_and_set("l", Some(&vec!["a".into(), "b".into()]), None).await;
    assert_eq!(swapped.unwrap(), Swap::Done);
}

/// An update that changes nothing succeeds, on a value and on absence.
pub async fn unchanged<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("a", 1).await.unwrap();
    assert_eq!(table.update("a", |old| old).await.unwrap(), Some(1));
    assert_eq!(table.update("b", |old| old).await.unwrap(), None);
    assert_eq!(all(table.range(..)).await, [("a".to_owned(), 1)]);
    let counter = Ref::persistent(&store, "r", 3).await.unwrap();
    assert_eq!(counter.update(|n| n).await.unwrap(), 3);
    // In a queue with updates that do change something.
    let mixed =
        (0..50).map(|n| table.update_or("a", 0, move |old| if n % 2 == 0 { old } else { old + 1 }));
    futures_util::future::try_join_all(mixed).await.unwrap();
    assert_eq!(table.get("a").await.unwrap(), Some(26));
}
