//! Law 3: a batch is all or nothing, across tables. The family `crash` adds the death of the
//! process in the middle of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use persist_core::backend::{Commit, Expect, KeyRange, Marking, Op, Write};
use persist_core::{Committed, ErrorKind};

use crate::aid::cells::{commit, int, op, put_op, rows, table, text};
use crate::aid::tasks::ends;
use crate::aid::{all, fails, key, numbers};
use crate::{Place, Subject};

/// An expectation that does not hold, wherever it stands, leaves both tables as they were.
pub async fn all_or_nothing<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
    left.insert("old", 1).await.unwrap();
    for failing in 0..5 {
        let mut batch = store.batch();
        for position in 0..5 {
            let table = if position % 2 == 0 { &left } else { &right };
            if position == failing {
                batch.replace(table, "absent", 1).unwrap();
            } else if position == 2 {
                batch.clear(table).unwrap();
            } else {
                batch.insert(table, &key(position), 1).unwrap();
            }
        }
        let conflict = Committed::Conflict { operation: failing };
        assert_eq!(batch.commit().await.unwrap(), conflict);
        assert_eq!(all(left.range(..)).await, [("old".to_owned(), 1)]);
        assert!(right.is_empty().await.unwrap());
    }
}

/// Expectations are judged on the state before the batch; of two writes to one key the later one
/// stands, deletions of ranges included.
pub async fn in_order<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("a", 1).await.unwrap();
    let mut batch = store.batch();
    batch.insert(&table, "b", 1).unwrap().insert_if_absent(&table, "b", 2).unwrap();
    batch.remove(&table, "a").unwrap().replace(&table, "a", 3).unwrap();
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    assert_eq!(all(table.range(..)).await, [("a".to_owned(), 3), ("b".to_owned(), 2)]);
    let mut batch = store.batch();
    batch.insert(&table, "gone", 1).unwrap().remove_range(&table, "b"..).unwrap();
    batch.insert(&table, "kept", 2).unwrap().remove_range(&table, "z".."a").unwrap();
    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
    assert_eq!(all(table.range(..)).await, [("a".to_owned(), 3), ("kept".to_owned(), 2)]);
    let empty = store.batch();
    assert_eq!(empty.commit().await.unwrap(), Committed::Applied);
}

/// A batch that fails with an error (a table of it was dropped) writes nothing elsewhere, and
/// does not reach batches that are under way beside it.
pub async fn errors_write_nothing<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let (left, gone) = (table(&backend, "left").await, table(&backend, "gone").await);
    assert!(store.drop_table("gone").await.unwrap());
    let mut commits = Vec::new();
    for number in 0..60_usize {
        let good = put_op(&left, text(key(number)), int(1));
        let ops = match number % 3 {
            0 => vec![good],
            1 => vec![good, put_op(&gone, text("a"), int(1))],
            _ => vec![good, op(&left, text("absent"), Expect::Present, Write::Nothing)],
        };
        let backend = Arc::clone(&backend);
        commits.push(tokio::spawn(async move { commit(&backend, ops).await }));
    }
    for (number, ended) in ends(commits).await.into_iter().enumerate() {
        match number % 3 {
            0 => assert_eq!(ended.unwrap(), Commit::Applied),
            1 => drop(fails(ended, ErrorKind::NotFound)),
            _ => assert_eq!(ended.unwrap(), Commit::Conflict { which: 1, found: None }),
        }
    }
    let found: Vec<_> = rows(&*backend, &left, KeyRange::all()).await;
    let expected: Vec<_> = (0..60).step_by(3).map(|n| (text(key(n)), int(1))).collect();
    assert!(found == expected, "{} rows instead of {}", found.len(), expected.len());
}

/// A batch of thousands of operations over two tables and several MiB appears all at once.
pub async fn large<S: Subject>(place: Place<S>) {
    const EACH: usize = 2_000;
    let (backend, _store) = place.both().await;
    let left = table(&backend, "left").await;
    let right = crate::aid::cells::table_of::<
        persist_core::column::Text,
        persist_core::column::Bytes,
    >(&backend, "right")
    .await;
    let done = Arc::new(AtomicBool::new(false));
    let looks = Arc::new(AtomicUsize::new(0));
    let watching = {
        let (backend, left, right) = (Arc::clone(&backend), left.clone(), right.clone());
        let (done, looks) = (Arc::clone(&done), Arc::clone(&looks));
        tokio::spawn(async move {
            while !done.load(Ordering::Acquire) {
                let all = KeyRange::all();
                let snapshot = match backend.snapshot().await {
                    // Those before it count until the engine knows of their end.
                    Err(error) if error.kind() == persist_core::ErrorKind::Busy => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    snapshot => snapshot.unwrap(),
                };
                let lefts = snapshot.count(&left, &all, Marking::Skip).await.unwrap().value;
                tokio::task::yield_now().await;
                let rights = snapshot.count(&right, &all, Marking::Skip).await.unwrap().value;
                assert_eq!(lefts, rights, "half a batch is visible");
                assert!([0, EACH as u64].contains(&lefts), "part of a batch is visible: {lefts}");
                let live = backend.count(&left, &all, Marking::Skip).await.unwrap().value;
                assert!([0, EACH as u64].contains(&live), "part of a batch is visible: {live}");
                looks.fetch_add(1, Ordering::AcqRel);
                tokio::task::yield_now().await;
            }
        })
    };
    let mut rounds = 0;
    while rounds < 3 || (looks.load(Ordering::Acquire) < 20 && !watching.is_finished()) {
        rounds += 1;
        let value = persist_core::backend::Cell::Bytes(vec![7; 1_500]);
        let ops = (0..EACH).flat_map(|n| {
            [put_op(&left, text(key(n)), int(1)), put_op(&right, text(key(n)), value.clone())]
        });
        assert_eq!(commit(&backend, ops.collect()).await.unwrap(), Commit::Applied);
        let clear = [&left, &right]
            .map(|table| Op::DeleteRange { table: table.clone(), range: KeyRange::all() });
        assert_eq!(commit(&backend, clear.to_vec()).await.unwrap(), Commit::Applied);
    }
    done.store(true, Ordering::Release);
    ends([watching]).await;
}

/// Many batches at once over the same keys of two tables: both tables always agree.
pub async fn side_by_side<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
    let tasks: Vec<_> = (0..8_i64)
        .map(|task| {
            let (store, left, right) = (store.clone(), left.clone(), right.clone());
            tokio::spawn(async move {
                for round in 0..25_i64 {
                    let mut batch = store.batch();
                    let (name, value) =
                        (key(usize::try_from(round % 3).unwrap()), task * 100 + round);
                    batch.insert(&left, &name, value).unwrap();
                    if round % 4 == 3 {
                        batch.clear(&left).unwrap().clear(&right).unwrap();
                    } else {
                        batch.insert(&right, &name, value).unwrap();
                    }
                    assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
                }
            })
        })
        .collect();
    ends(tasks).await;
    assert_eq!(all(left.range(..)).await, all(right.range(..)).await);
}
