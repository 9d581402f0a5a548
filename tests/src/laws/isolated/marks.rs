//! Marks: what was read must still be so.

use std::ops::Bound;
use std::sync::Arc;

use persist_core::ErrorKind;
use persist_core::backend::{
    Backend, Commit, Direction, Expect, KeyRange, Mark, Marking, Op, Read, TableHandle, Write,
};

use crate::aid::cells::{commit, get, int, mark_of, op, put, put_op, table, text};
use crate::aid::fails;
use crate::{Place, Subject};

/// Marks stand while nothing changes, and can be required again and again. A few spurious
/// conflicts are allowed, but not for ever.
pub async fn marks_stand<S: Subject>(place: Place<S>) {
    let (backend, t) = filled(&place).await;
    let all = KeyRange::all();
    for _ in 0..5 {
        let marks = [
            mark_of(&*backend, &t, &["b", "absent", "d"]).await,
            scanned(&*backend, &t, &all, Direction::Forward, 100).await,
            scanned(&*backend, &t, &all, Direction::Backward, 2).await,
            counted(&*backend, &t, &all).await,
        ];
        for mark in &marks {
            let mut stands = false;
            for _ in 0..100 {
                stands |= stood(&backend, &t, std::slice::from_ref(mark)).await;
            }
            assert!(stands, "a mark never stands although nothing changed");
        }
        let together = (0..100).map(async |_| stood(&backend, &t, &marks).await);
        let together = futures_util::future::join_all(together).await;
        assert!(together.contains(&true), "marks never stand together");
    }
}

/// A mark of keys conflicts when one of them gets another value, goes away, or comes.
pub async fn mark_of_keys<S: Subject>(place: Place<S>) {
    let (backend, t) = filled(&place).await;
    let keys = ["b", "absent", "d"];
    let changes = [("b", Some(9)), ("d", None), ("absent", Some(1))];
    for change in changes {
        let mark = mark_of(&*backend, &t, &keys).await;
        conflicts(&backend, &t, mark, change).await;
    }
}

/// A mark of a scan conflicts when a row of the range changes, goes away, or comes (a phantom),
/// at its edges too; in both directions.
pub async fn mark_of_a_scan<S: Subject>(place: Place<S>) {
    let (backend, t) = filled(&place).await;
    let between = KeyRange::new(Bound::Included(text("b")), Bound::Excluded(text("e")));
    let between = between.expect("a range");
    let changes = [
        ("c", Some(9)),
        ("b", None),
        ("b", Some(1)),
        ("dd", Some(1)),
        ("bb", Some(1)),
        ("d", None),
    ];
    for direction in [Direction::Forward, Direction::Backward] {
        for change in changes {
            // So that each change is one.
            reset(&backend, &t, change).await;
            let mark = scanned(&*backend, &t, &between, direction, 100).await;
            conflicts(&backend, &t, mark, change).await;
        }
    }
    let empty = KeyRange::new(Bound::Excluded(text("x")), Bound::Unbounded).expect("a range");
    let mark = scanned(&*backend, &t, &empty, Direction::Forward, 1).await;
    conflicts(&backend, &t, mark, ("y", Some(1))).await;
}

/// The mark of a page covers the range up to its last row, in both directions; that of the last
/// page all that is left.
pub async fn mark_of_a_page<S: Subject>(place: Place<S>) {
    let (backend, t) = filled(&place).await;
    let all = KeyRange::all();
    for (direction, changes) in [
        (Direction::Forward, [("0", Some(1)), ("aa", Some(1)), ("b", Some(9)), ("a", None)]),
        (Direction::Backward, [("z", Some(1)), ("ee", Some(1)), ("e", Some(9)), ("f", None)]),
    ] {
        for change in changes {
            reset(&backend, &t, change).await;
            // Two rows and what lies before and between them.
            let mark = scanned(&*backend, &t, &all, direction, 2).await;
            conflicts(&backend, &t, mark, change).await;
            undo(&backend, &t).await;
        }
    }
    let scan = backend.scan(&t, &all, Direction::Forward, 5, Marking::Skip).await.unwrap();
    let rest = scan.value.rest.expect("a sixth row");
    let mark = scanned(&*backend, &t, &rest, Direction::Forward, 100).await;
    conflicts(&backend, &t, mark, ("z", Some(1))).await;
}

/// A mark of a count conflicts when the number has changed.
pub async fn mark_of_a_count<S: Subject>(place: Place<S>) {
    let (backend, t) = filled(&place).await;
    let range = KeyRange::new(Bound::Excluded(text("b")), Bound::Unbounded).expect("a range");
    for change in [("c", None), ("bb", Some(1))] {
        let mark = counted(&*backend, &t, &range).await;
        conflicts(&backend, &t, mark, change).await;
    }
}

/// A mark that was taken from a snapshot is judged on the present.
pub async fn mark_of_a_snapshot<S: Subject>(place: Place<S>) {
    let (backend, t) = filled(&place).await;
    let all = KeyRange::all();
    let snapshot = backend.snapshot().await.unwrap();
    let mut stands = false;
    for _ in 0..100 {
        let mark = mark_of(&*snapshot, &t, &["a", "absent"]).await;
        stands |= stood(&backend, &t, &[mark]).await;
    }
    assert!(stands, "no mark of a snapshot stands although nothing changed");
    put(&backend, &t, text("a"), int(9)).await;
    for mark in [
        mark_of(&*snapshot, &t, &["a"]).await,
        scanned(&*snapshot, &t, &all, Direction::Forward, 1).await,
    ] {
        assert!(!stood(&backend, &t, &[mark]).await, "what the snapshot shows has changed");
    }
    let mark = counted(&*snapshot, &t, &all).await;
    conflicts(&backend, &t, mark, ("new", Some(1))).await;
}

/// A mark of a table that was dropped is `NotFound`, also when there is a new one of its name.
pub async fn mark_of_what_is_gone<S: Subject>(place: Place<S>) {
    let (backend, t) = filled(&place).await;
    let other = table(&backend, "other").await;
    let marks =
        [mark_of(&*backend, &t, &["absent"]).await, counted(&*backend, &t, &KeyRange::all()).await];
    assert!(backend.drop_table("t").await.unwrap());
    for again in [false, true] {
        if again {
            table(&backend, "t").await;
        }
        for mark in marks.clone() {
            let ops = vec![put_op(&other, text("a"), int(1)), Op::Unchanged(mark)];
            fails(commit(&backend, ops).await, ErrorKind::NotFound);
        }
    }
    assert!(get(&*backend, &other, text("a")).await.is_none());
}

/// The keys `a` to `f`, all bound to 1.
async fn filled<S: Subject>(place: &Place<S>) -> (Arc<dyn Backend>, TableHandle) {
    let backend = place.backend().await;
    let t = table(&backend, "t").await;
    undo(&backend, &t).await;
    (backend, t)
}

/// Makes the table what [`filled`] made it.
async fn undo(backend: &Arc<dyn Backend>, t: &TableHandle) {
    let mut ops = vec![Op::DeleteRange { table: t.clone(), range: KeyRange::all() }];
    ops.extend(["a", "b", "c", "d", "e", "f"].map(|key| put_op(t, text(key), int(1))));
    assert_eq!(commit(backend, ops).await.unwrap(), Commit::Applied);
}

/// Puts a key into a state which the change will end.
async fn reset(backend: &Arc<dyn Backend>, t: &TableHandle, (key, new): (&str, Option<i64>)) {
    let write = if new == Some(1) { Write::Delete } else { Write::Put(int(1)) };
    let ended = commit(backend, vec![op(t, text(key), Expect::Any, write)]).await;
    assert_eq!(ended.unwrap(), Commit::Applied);
}

async fn scanned(
    read: &dyn Read,
    t: &TableHandle,
    range: &KeyRange,
    direction: Direction,
    limit: usize,
) -> Mark {
    let scan = read.scan(t, range, direction, limit, Marking::Take).await.unwrap();
    assert!(scan.value.rows.len() <= limit);
    scan.mark.expect("the mark that was asked for")
}

async fn counted(read: &dyn Read, t: &TableHandle, range: &KeyRange) -> Mark {
    let count = read.count(t, range, Marking::Take).await.unwrap();
    count.mark.expect("the mark that was asked for")
}

/// Whether a commit that requires the marks is applied.
async fn stood(backend: &Arc<dyn Backend>, t: &TableHandle, marks: &[Mark]) -> bool {
    let mut ops = vec![op(t, text("never"), Expect::Absent, Write::Nothing)];
    ops.extend(marks.iter().cloned().map(Op::Unchanged));
    match commit(backend, ops).await.unwrap() {
        Commit::Applied => true,
        Commit::Conflict { which, found } => {
            assert!(which > 0 && found.is_none(), "a mark conflicts as {which} with {found:?}");
            false
        }
    }
}

/// Makes a change; then a commit that requires the mark conflicts, and writes nothing.
async fn conflicts(
    backend: &Arc<dyn Backend>,
    t: &TableHandle,
    mark: Mark,
    (key, new): (&str, Option<i64>),
) {
    let change = op(t, text(key), Expect::Any, Write::binding(new.map(int)));
    assert_eq!(commit(backend, vec![change]).await.unwrap(), Commit::Applied);
    let ops = vec![put_op(t, text("wrong"), int(1)), Op::Unchanged(mark)];
    let ended = commit(backend, ops).await.unwrap();
    let expected = Commit::Conflict { which: 1, found: None };
    assert_eq!(ended, expected, "after {key} became {new:?}");
    assert!(get(&**backend, t, text("wrong")).await.is_none());
}
