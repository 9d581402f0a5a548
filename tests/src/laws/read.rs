//! The contract of [`Read`](persist_core::backend::Read), on the current state. The family
//! `snapshot` runs the same checks on a fixed one.

pub(crate) mod checks;
pub(crate) mod sample;

use persist_core::ErrorKind;
use persist_core::backend::{Direction, KeyRange, Marking};

use crate::aid::cells::{put, table, text};
use crate::aid::fails;
use crate::{Place, Subject};
use sample::Sample;

/// `get` answers in the order of its keys, repeated and absent ones included; a mark comes
/// exactly if asked for.
pub async fn gets<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    for sample in Sample::all(&backend).await {
        checks::gets(&*backend, &sample, &mut place.rng()).await;
    }
}

/// `scan` from page to page gives what filtering the sorted whole gives: any bounds, limit and
/// direction; no page exceeds its limit, each advances.
pub async fn scans<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    for sample in Sample::all(&backend).await {
        checks::scans(&*backend, &sample, &mut place.rng()).await;
    }
}

/// `count` is the number of bindings, for any bounds.
pub async fn counts<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    for sample in Sample::all(&backend).await {
        checks::counts(&*backend, &sample, &mut place.rng()).await;
    }
}

/// Answers of large values stay near the budget of 1 MiB, and make progress.
pub async fn budget<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let sample = Sample::large(&backend).await;
    checks::budget(&*backend, &sample).await;
    checks::gets(&*backend, &sample, &mut place.rng()).await;
}

/// A handle to a table that was dropped is `NotFound` to every read, also when there is a new
/// table of its name.
pub async fn of_what_is_gone<S: Subject>(place: Place<S>) {
    let backend = place.backend().await;
    let old = table(&backend, "t").await;
    assert!(backend.drop_table("t").await.unwrap());
    for again in [false, true] {
        if again {
            let new = table(&backend, "t").await;
            assert_ne!(new.id(), old.id(), "the number of a table is never given again");
            put(&backend, &new, text("a"), persist_core::backend::Cell::Integer(1)).await;
        }
        for marking in [Marking::Skip, Marking::Take] {
            let all = KeyRange::all();
            fails(backend.get(&old, &[text("a")], marking).await, ErrorKind::NotFound);
            fails(backend.count(&old, &all, marking).await, ErrorKind::NotFound);
            let scan = backend.scan(&old, &all, Direction::Forward, 1, marking).await;
            fails(scan, ErrorKind::NotFound);
        }
    }
}
