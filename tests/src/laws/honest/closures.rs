//! Users' functions that fail or panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use persist_core::{Error, ErrorKind, Ref};

use crate::aid::tasks::ends;
use crate::aid::{Numbers, fails, key, numbers};
use crate::{Place, Subject};

/// A user's error type.
#[derive(Debug)]
enum Shop {
    SoldOut(Option<i64>),
    Store(Error),
}

impl From<Error> for Shop {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// An error in `try_update` or in an iteration comes back as it is; nothing is written, and the
/// store stays usable.
pub async fn errors_in_closures<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("a", 1).await.unwrap();
    for (name, found) in [("a", Some(1)), ("none", None)] {
        let refused = table.try_update(name, |old| Err::<Option<i64>, _>(Shop::SoldOut(old))).await;
        assert!(matches!(refused, Err(Shop::SoldOut(old)) if old == found), "{refused:?}");
    }
    let refused = table.range(..).for_each(async |_, _| Err(Shop::SoldOut(None))).await;
    assert!(matches!(refused, Err(Shop::SoldOut(None))), "{refused:?}");
    let refused = table.range(..).fold(0, async |_, _, n| Err::<i32, _>(Shop::SoldOut(Some(n))));
    assert!(matches!(refused.await, Err(Shop::SoldOut(Some(1)))));
    let stored = table.try_update("\0", |_| Err::<Option<i64>, _>(Shop::SoldOut(None))).await;
    assert!(matches!(&stored, Err(Shop::Store(error)) if error.kind() == ErrorKind::InvalidKey));
    usable(&table, Some(1)).await;
}

/// A panic in an update's function, of one task among many on the same key, writes nothing and
/// harms nobody else.
pub async fn panics_in_closures<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("a", 0).await.unwrap();
    let panics = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..60)
        .map(|task| {
            let (table, panics) = (table.clone(), Arc::clone(&panics));
            tokio::spawn(async move {
                if task % 3 == 0 {
                    let panicking = tokio::spawn(table.update("a", |_| panic!("on purpose")));
                    assert!(panicking.await.is_err_and(|error| error.is_panic()));
                    panics.fetch_add(1, Ordering::AcqRel);
                } else {
                    table.update_or("a", 0, |n| n + 1).await.unwrap();
                }
            })
        })
        .collect();
    ends(tasks).await;
    assert_eq!(panics.load(Ordering::Acquire), 20);
    usable(&table, Some(40)).await;
    let counter = Ref::persistent(&store, "r", 0).await.unwrap();
    let poisoned = counter.clone();
    let panicking = tokio::spawn(async move { poisoned.update(|_| panic!("on purpose")).await });
    assert!(panicking.await.is_err_and(|error| error.is_panic()));
    assert_eq!(counter.update(|n| n + 1).await.unwrap(), 1);
    usable(&table, Some(40)).await;
}

/// A panic in an iteration's callback, live or over a snapshot, leaves the store usable; streams
/// that others have begun go on.
pub async fn panics_in_iterations<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    for number in 0..300 {
        table.insert(&key(number), 0).await.unwrap();
    }
    let mut stream = table.range(..).stream();
    fails(
        stream.next().await.expect("a row").and(Err::<(), _>(Error::closed())),
        ErrorKind::Closed,
    );
    for round in 0..20 {
        let range = if round % 2 == 0 { table.range(..) } else { table.range(..).snapshot() };
        let iterated = tokio::spawn(
            range.for_each(async |_, _| -> Result<(), Error> { panic!("on purpose") }),
        );
        assert!(iterated.await.is_err_and(|error| error.is_panic()));
    }
    assert_eq!(stream.count().await, 299);
    usable(&table, None).await;
}

/// That the table can be read and written, and what `a` holds.
async fn usable(table: &Numbers, a: Option<i64>) {
    assert_eq!(table.get("a").await.unwrap(), a);
    let increased = table.update_or("other", 0, |n| n + 1).await.unwrap();
    table.insert("other", increased).await.unwrap();
    assert_eq!(table.get("other").await.unwrap(), Some(increased));
    assert!(table.range(..).snapshot().count().await.unwrap() > 0);
}
