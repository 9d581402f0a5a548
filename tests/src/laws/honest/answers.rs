//! What operations say of what they did.

use persist_core::column::{Integer, Text};
use persist_core::{Committed, Error, ErrorKind, Outcome, Swap, Table};

use crate::aid::{all, fails, names, numbers};
use crate::{Place, Subject};

/// `insert_if_absent`, `replace` and `remove` tell whether they did; a swap tells what it found.
pub async fn answers<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    assert!(!table.replace("a", 1).await.unwrap());
    assert!(!table.remove("a").await.unwrap());
    assert_eq!(table.get("a").await.unwrap(), None);
    assert!(table.insert_if_absent("a", 1).await.unwrap());
    assert!(!table.insert_if_absent("a", 2).await.unwrap());
    assert_eq!(table.get("a").await.unwrap(), Some(1));
    assert!(table.replace("a", 3).await.unwrap());
    assert_eq!(table.compare_and_set("a", Some(1), Some(9)).await.unwrap(), Swap::Found(Some(3)));
    assert_eq!(table.compare_and_set("a", None, Some(9)).await.unwrap(), Swap::Found(Some(3)));
    assert_eq!(table.compare_and_set("b", Some(1), None).await.unwrap(), Swap::Found(None));
    assert_eq!(table.compare_and_set("a", Some(3), Some(4)).await.unwrap(), Swap::Done);
    assert_eq!(table.compare_and_set("b", None, Some(5)).await.unwrap(), Swap::Done);
    assert_eq!(table.compare_and_set("b", Some(5), None).await.unwrap(), Swap::Done);
    assert_eq!(table.compare_and_set("b", None, None).await.unwrap(), Swap::Done);
    let entry = table.get_entry("a").await.unwrap();
    table.insert("a", 5).await.unwrap();
    assert_eq!(entry.swap(Some(6)).await.unwrap(), Swap::Found(Some(5)));
    assert!(table.remove("a").await.unwrap());
    assert_eq!(entry.swap(None).await.unwrap(), Swap::Found(None));
    let absent = table.get_entry("a").await.unwrap();
    assert_eq!(absent.swap(Some(7)).await.unwrap(), Swap::Done);
    assert_eq!(absent.swap(Some(8)).await.unwrap(), Swap::Found(Some(7)));
    assert_eq!(all(table.range(..)).await, [("a".to_owned(), 7)]);
}

/// A batch tells which of its operations did not hold.
pub async fn batches<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("a", 1).await.unwrap();
    let entry = table.get_entry("a").await.unwrap();
    let conflict = |operation| Committed::Conflict { operation };
    let mut batch = store.batch();
    batch.insert(&table, "b", 1).unwrap().insert_if_absent(&table, "a", 1).unwrap();
    assert_eq!(batch.clone().commit().await.unwrap(), conflict(1));
    let mut batch = store.batch();
    batch.remove(&table, "none").unwrap().expect(&entry).unwrap().replace(&table, "b", 1).unwrap();
    assert_eq!(batch.len(), 3);
    assert_eq!(batch.commit().await.unwrap(), conflict(2));
    let mut batch = store.batch();
    batch.remove_range(&table, "z".."y").unwrap().insert_if_absent(&table, "a", 1).unwrap();
    assert_eq!(batch.commit().await.unwrap(), conflict(1), "an empty range counts, too");
    table.insert("a", 2).await.unwrap();
    let mut batch = store.batch();
    batch.expect(&entry).unwrap().insert(&table, "b", 1).unwrap();
    assert_eq!(batch.commit().await.unwrap(), conflict(0));
    assert_eq!(all(table.range(..)).await, [("a".to_owned(), 2)]);
}

/// After `drop_table`, its handles are `NotFound`, in every operation, and do not touch a new
/// table of the same name.
pub async fn dropped_tables<S: Subject>(place: Place<S>) {
    const GONE: ErrorKind = ErrorKind::NotFound;
    let store = place.open().await;
    let old = numbers(&store, "t").await;
    old.insert("a", 1).await.unwrap();
    assert!(store.drop_table("t").await.unwrap());
    for again in [false, true] {
        if again {
            numbers(&store, "t").await.insert("a", 2).await.unwrap();
        }
        names(&fails(old.get("a").await, GONE), &["get", "\"t\"", "\"a\""]);
        fails(old.insert("a", 3).await, GONE);
        fails(old.insert_if_absent("b", 3).await, GONE);
        fails(old.replace("a", 3).await, GONE);
        fails(old.remove("a").await, GONE);
        fails(old.update_or("a", 0, |n| n + 1).await, GONE);
        fails(old.compare_and_set("a", None, Some(1)).await, GONE);
        fails(old.len().await, GONE);
        fails(old.clear().await, GONE);
        fails(old.get_many(["a"]).await, GONE);
        fails(old.range(..).count().await, GONE);
        fails(old.range("a"..).for_each(async |_, _| Ok::<_, Error>(())).await, GONE);
        let mut batch = store.batch();
        batch.insert(&old, "a", 3).unwrap();
        fails(batch.commit().await, GONE);
        let mut batch = store.batch();
        batch.clear(&old).unwrap();
        fails(batch.commit().await, GONE);
    }
    assert_eq!(all(numbers(&store, "t").await.range(..)).await, [("a".to_owned(), 2)]);
}

/// Errors name operation, table and key, and say that nothing was written; asking again without
/// a change would not help.
pub async fn outcomes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Text, Text> = store.table("my table").await.unwrap();
    let errors = [
        table.insert("k", "\0").await.unwrap_err(),
        table.insert("k\0", "").await.unwrap_err(),
        table.insert(&"k".repeat(2_001), "").await.unwrap_err(),
        store.table::<Text, Integer>("my table").await.unwrap_err(),
        store.batch().insert(&table, "k", "\0").unwrap_err(),
    ];
    for error in errors {
        names(&error, &["\"my table\""]);
        assert_eq!(error.table_name(), Some("my table"));
        assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
        assert!(!error.is_retryable(), "{error}");
    }
    names(&table.insert("my key", "\0").await.unwrap_err(), &["insert: ", "\"my key\""]);
    assert!(table.is_empty().await.unwrap());
}

/// A batch refuses tables of another store.
pub async fn foreign_tables<S: Subject>(place: Place<S>) {
    let (store, again) = (place.open().await, place.beside("other").open().await);
    let (mine, theirs) = (numbers(&store, "t").await, numbers(&again, "t").await);
    let mut batch = store.batch();
    fails(batch.insert(&theirs, "a", 1).map(drop), ErrorKind::Misuse);
    fails(batch.clear(&theirs).map(drop), ErrorKind::Misuse);
    let handle = store.handle().unwrap();
    let same = numbers(&handle, "t").await;
    batch.insert(&same, "a", 1).unwrap().insert(&mine, "b", 1).unwrap();
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    assert_eq!(mine.len().await.unwrap(), 2);
}
