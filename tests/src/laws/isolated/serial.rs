//! What marks are for: transactions that are serializable.

use std::sync::Arc;

use persist_core::Committed;
use persist_core::backend::{Backend, Cell, Commit, Direction, KeyRange, Marking, Op, TableHandle};

use crate::aid::cells::{commit, int, put, put_op, rows, table, text};
use crate::aid::tasks::ends;
use crate::aid::{key, numbers};
use crate::{Place, Subject};

/// Two values, of which each may be taken from only while their sum allows it: the sum never
/// falls below zero, although each transaction writes another key than it depends on.
pub async fn no_write_skew<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let t = table(&backend, "t").await;
    for round in 0..20 {
        for name in ["x", "y"] {
            put(&backend, &t, text(name), int(1)).await;
        }
        let tasks: Vec<_> = ["x", "y"]
            .into_iter()
            .map(|mine| {
                let (backend, t) = (Arc::clone(&backend), t.clone());
                tokio::spawn(async move { withdraw(&backend, &t, mine).await })
            })
            .collect();
        let took = ends(tasks).await.into_iter().filter(|took| *took).count();
        assert_eq!(took, 1, "round {round}: of two that exclude each other, one goes ahead");
    }
}

/// Takes 2 from `mine` if `x + y >= 2`; whether it did.
async fn withdraw(backend: &Arc<dyn Backend>, t: &TableHandle, mine: &str) -> bool {
    loop {
        let keys = [text("x"), text("y")];
        let read = backend.get(t, &keys, Marking::Take).await.unwrap();
        let Some(mark) = read.mark else { panic!("no mark") };
        let values: Vec<i64> = read.value.iter().map(|cell| number(cell.as_ref())).collect();
        if values.iter().sum::<i64>() < 2 {
            return false;
        }
        // Gives the other task time to read the same.
        tokio::task::yield_now().await;
        let left = if mine == "x" { values[0] - 2 } else { values[1] - 2 };
        let ops = vec![Op::Unchanged(mark), put_op(t, text(mine), int(left))];
        if commit(backend, ops).await.unwrap() == Commit::Applied {
            return true;
        }
    }
}

/// Many tasks insert a row if a range is empty, by listing and by counting it: one does.
pub async fn no_phantoms<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let t = table(&backend, "t").await;
    for round in 0..20 {
        let prefix = format!("{round:02}/");
        let tasks: Vec<_> = (0..6)
            .map(|task| {
                let (backend, t, prefix) = (Arc::clone(&backend), t.clone(), prefix.clone());
                tokio::spawn(async move { claim(&backend, &t, &prefix, task).await })
            })
            .collect();
        ends(tasks).await;
        let range = KeyRange::prefix(text(prefix));
        assert_eq!(rows(&*backend, &t, range).await.len(), 1, "round {round}");
    }
}

async fn claim(backend: &Arc<dyn Backend>, t: &TableHandle, prefix: &str, task: i64) {
    let range = KeyRange::prefix(text(prefix));
    loop {
        let (taken, mark) = if task % 2 == 0 {
            let count = backend.count(t, &range, Marking::Take).await.unwrap();
            (count.value > 0, count.mark)
        } else {
            let scan = backend.scan(t, &range, Direction::Forward, 10, Marking::Take);
            let scan = scan.await.unwrap();
            (!scan.value.rows.is_empty(), scan.mark)
        };
        if taken {
            return;
        }
        tokio::task::yield_now().await;
        let mark = mark.expect("the mark that was asked for");
        let mine = put_op(t, text(format!("{prefix}{task}")), int(task));
        if commit(backend, vec![mine, Op::Unchanged(mark)]).await.unwrap() == Commit::Applied {
            return;
        }
    }
}

/// Tasks move amounts between accounts in two tables, guarded by what they read: the sum stays.
pub async fn transfers<S: Subject>(place: Place<S>) {
    const ACCOUNTS: usize = 4;
    let store = place.open().await;
    let tables = [numbers(&store, "left").await, numbers(&store, "right").await];
    for account in 0..ACCOUNTS {
        for table in &tables {
            table.insert(&key(account), 100).await.unwrap();
        }
    }
    let tasks: Vec<_> = (0..6_usize)
        .map(|task| {
            let (store, tables) = (store.clone(), tables.clone());
            tokio::spawn(async move {
                for round in 0..15 {
                    let (from, to) =
                        (key((task + round) % ACCOUNTS), key((task * 3 + 1) % ACCOUNTS));
                    loop {
                        let source = tables[round % 2].get_entry(&from).await.unwrap();
                        let target = tables[(round + 1) % 2].get_entry(&to).await.unwrap();
                        let (Some(has), Some(gets)) = (source.value(), target.value()) else {
                            panic!("an account is gone");
                        };
                        let mut batch = store.batch();
                        batch.expect(&source).unwrap().expect(&target).unwrap();
                        batch.insert(&tables[round % 2], &from, has - 7).unwrap();
                        batch.insert(&tables[(round + 1) % 2], &to, gets + 7).unwrap();
                        if batch.commit().await.unwrap() == Committed::Applied {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    ends(tasks).await;
    let mut sum = 0;
    for table in &tables {
        sum += crate::aid::all(table.range(..)).await.iter().map(|(_, value)| value).sum::<i64>();
    }
    assert_eq!(sum, 200 * i64::try_from(ACCOUNTS).unwrap());
}

fn number(cell: Option<&Cell>) -> i64 {
    let Some(Cell::Integer(number)) = cell else { panic!("not a number: {cell:?}") };
    *number
}
