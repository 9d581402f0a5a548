//! Law 2, without violence: what was acknowledged is there when the store is opened again.
//! The family `crash` adds the violence.

use persist_core::column::{Bytes, Integer, Json, Pair, Real, Text};
use persist_core::{ErrorKind, Persist, Ref, Table};

use crate::aid::{all, fails, key, names, numbers};
use crate::{Place, Subject};

/// Closed and opened again: every kind of column, references, and removals.
pub async fn reopened<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    fill(&store).await;
    store.close().await.unwrap();
    let store = place.open().await;
    filled(&store).await;
    store.close().await.unwrap();
}

/// The last handle dropped without `close` loses nothing that was acknowledged.
pub async fn dropped<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    fill(&store).await;
    drop(store);
    filled(&place.open().await).await;
}

/// A store that is opened and closed again and again keeps counting.
pub async fn counted<S: Subject>(place: Place<S>) {
    for run in 1..=10_u64 {
        let store = place.open().await;
        let runs = Ref::persistent(&store, "runs", 0_u64).await.unwrap();
        assert_eq!(runs.update(|n| n + 1).await.unwrap(), run);
        if run % 2 == 0 {
            store.close().await.unwrap();
        }
    }
}

/// The columns of a table are remembered.
pub async fn schema<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    numbers(&store, "My Table").await.insert("a", 1).await.unwrap();
    let before = store.tables().await.unwrap();
    store.close().await.unwrap();
    let store = place.open().await;
    assert_eq!(store.tables().await.unwrap(), before);
    let error = fails(store.table::<Text, Json<i64>>("My Table").await, ErrorKind::SchemaMismatch);
    names(&error, &["My Table", "integer/1", "json/1"]);
    assert_eq!(numbers(&store, "My Table").await.get("a").await.unwrap(), Some(1));
}

/// Dropped tables stay away, and what was made under their names after it stays.
pub async fn dropped_tables<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    for name in ["a", "b"] {
        numbers(&store, name).await.insert("old", 1).await.unwrap();
        assert!(store.drop_table(name).await.unwrap());
    }
    let new: Table<Integer, Real> = store.table("b").await.unwrap();
    new.insert(7, 0.5).await.unwrap();
    store.close().await.unwrap();
    let store = place.open().await;
    assert_eq!(store.tables().await.unwrap().len(), 1);
    assert!(numbers(&store, "a").await.is_empty().await.unwrap());
    let new: Table<Integer, Real> = store.table("b").await.unwrap();
    assert_eq!(all(new.range(..)).await, [(7, 0.5)]);
}

async fn fill(store: &Persist) {
    let table = numbers(store, "numbers").await;
    for number in 0..200_usize {
        table.insert(&key(number), i64::try_from(number).unwrap()).await.unwrap();
    }
    for number in (0..200).step_by(2) {
        assert!(table.remove(&key(number)).await.unwrap());
    }
    let pairs: Table<Pair<Text, Integer>, Real> = store.table("pairs").await.unwrap();
    pairs.insert(("a\u{1}", -1), -0.0).await.unwrap();
    let bytes: Table<Bytes, Bytes> = store.table("bytes").await.unwrap();
    bytes.insert(&[], &[0, 255]).await.unwrap();
    bytes.insert(&[0], &[]).await.unwrap();
    let json: Table<Text, Json<Vec<String>>> = store.table("json").await.unwrap();
    json.insert("", &vec!["x\0y".to_owned()]).await.unwrap();
    let mut batch = store.batch();
    batch.insert(&table, "batched", 1).unwrap().insert(&pairs, ("b", 2), 3.5).unwrap();
    let _ = batch.commit().await.unwrap();
    Ref::persistent(store, "ref", String::new()).await.unwrap().set("kept".into()).await.unwrap();
}

async fn filled(store: &Persist) {
    let table = numbers(store, "numbers").await;
    let mut expected: Vec<_> = (1..200_i64).step_by(2).map(|n| (format!("k{n:06}"), n)).collect();
    expected.insert(0, ("batched".to_owned(), 1));
    assert_eq!(all(table.range(..)).await, expected);
    let pairs: Table<Pair<Text, Integer>, Real> = store.table("pairs").await.unwrap();
    let expected = [(("a\u{1}".to_owned(), -1), 0.0), (("b".to_owned(), 2), 3.5)];
    assert_eq!(all(pairs.range(..)).await, expected);
    let bytes: Table<Bytes, Bytes> = store.table("bytes").await.unwrap();
    assert_eq!(all(bytes.range(..)).await, [(vec![], vec![0, 255]), (vec![0], vec![])]);
    let json: Table<Text, Json<Vec<String>>> = store.table("json").await.unwrap();
    assert_eq!(json.get("").await.unwrap(), Some(vec!["x\0y".to_owned()]));
    let kept = Ref::persistent(store, "ref", String::new()).await.unwrap();
    assert_eq!(kept.get().await.unwrap(), "kept");
}
