//! Expectations on single keys.

use std::sync::Arc;

use persist_core::backend::{Batch, Commit, Expect, KeyRange, Op, Write};

use crate::aid::cells::{commit, get, int, op, put, rows, table, text};
use crate::aid::tasks::ends;
use crate::{Place, Subject};

/// Each expectation holds and fails as it should; a conflict tells which operation it was and
/// what its key was bound to; nothing is written then.
pub async fn conflict_tells<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let t = table(&backend, "t").await;
    put(&backend, &t, text("one"), int(1)).await;
    let cases = [
        ("one", Expect::Any, true),
        ("none", Expect::Any, true),
        ("one", Expect::Present, true),
        ("none", Expect::Present, false),
        ("one", Expect::Absent, false),
        ("none", Expect::Absent, true),
        ("one", Expect::Equals(int(1)), true),
        ("one", Expect::Equals(int(2)), false),
        ("none", Expect::Equals(int(1)), false),
    ];
    for (key, expect, holds) in cases {
        for which in 0..3 {
            let mut ops = vec![op(&t, text("one"), Expect::Present, Write::Nothing); 2];
            ops.insert(which, op(&t, text(key), expect.clone(), Write::Nothing));
            ops.push(op(&t, text("written"), Expect::Any, Write::Put(int(9))));
            let found = (key == "one").then(|| int(1));
            let expected = if holds { Commit::Applied } else { Commit::Conflict { which, found } };
            let ended = commit(&backend, ops).await.unwrap();
            assert!(ended == expected, "{key} {expect:?} at {which}: {ended:?}");
            let written = get(&*backend, &t, text("written")).await;
            assert_eq!(written.is_some(), holds, "{key} {expect:?} at {which}");
            let removal = op(&t, text("written"), Expect::Any, Write::Delete);
            assert_eq!(commit(&backend, vec![removal]).await.unwrap(), Commit::Applied);
        }
    }
    assert_eq!(rows(&*backend, &t, KeyRange::all()).await.len(), 1);
}

/// `Equals` never fails for a reason other than another value, whatever is written beside it.
pub async fn equals_is_exact<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let t = table(&backend, "t").await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (backend, t) = (Arc::clone(&backend), t.clone());
            tokio::spawn(async move {
                let key = text(format!("own{task}"));
                let mut stored = None;
                for value in 0..40 {
                    let expect = Expect::found(stored.clone());
                    let swap = op(&t, key.clone(), expect, Write::Put(int(value)));
                    let others = op(&t, text("shared"), Expect::Any, Write::Put(int(value)));
                    let ended = commit(&backend, vec![others, swap]).await.unwrap();
                    assert_eq!(ended, Commit::Applied, "task {task} is alone on its key");
                    stored = Some(int(value));
                    let stale = op(&t, key.clone(), Expect::Equals(int(-1)), Write::Delete);
                    let ended = commit(&backend, vec![stale]).await.unwrap();
                    assert_eq!(ended, Commit::Conflict { which: 0, found: stored.clone() });
                }
            })
        })
        .collect();
    ends(tasks).await;
}

/// Of many commits that expect the same thing and end it, exactly one is applied, also when they
/// wait together.
pub async fn judged_together<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let t = table(&backend, "t").await;
    for round in 0..10 {
        let key = text(format!("k{round}"));
        let commits = (0..30).map(|value| {
            let insert = op(&t, key.clone(), Expect::Absent, Write::Put(int(value)));
            backend.commit(Batch { ops: vec![insert] })
        });
        let ends = futures_util::future::join_all(commits).await;
        let winners: Vec<_> = (0..).zip(&ends).filter(|(_, end)| applied(end)).collect();
        assert_eq!(winners.len(), 1, "of 30 that expected absence, one is applied");
        let winner = int(winners[0].0);
        assert!(get(&*backend, &t, key).await.as_ref() == Some(&winner), "the winner's value");
        for end in ends.iter().filter(|end| !applied(end)) {
            let Ok(Commit::Conflict { which: 0, found: Some(found) }) = end else {
                panic!("not a conflict that tells what was found: {end:?}");
            };
            assert!(*found == winner, "found {found} where {winner} was written");
        }
    }
    let clear = Op::DeleteRange { table: t.clone(), range: KeyRange::all() };
    assert_eq!(commit(&backend, vec![clear]).await.unwrap(), Commit::Applied);
}

fn applied(end: &persist_core::Result<Commit>) -> bool {
    matches!(end, Ok(Commit::Applied))
}
