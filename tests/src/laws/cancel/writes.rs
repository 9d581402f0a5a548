//! Writes that are dropped halfway.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use persist_core::Result;
use persist_core::backend::KeyRange;
use rand::RngExt;

use super::load::Load;
use crate::aid::cells::{rows, table};
use crate::aid::polls::drop_after;
use crate::aid::tasks::ends;
use crate::aid::{Numbers, all, key, numbers};
use crate::{Place, Subject};

/// Every write to one key, dropped at a random poll: what is there is the old value or the new.
pub async fn singles<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let load = Load::on(&store).await;
    let rng = &mut place.rng();
    for round in 0..200_usize {
        let name = key(round);
        let old = (round % 2 == 0).then_some(1);
        if let Some(old) = old {
            table.insert(&name, old).await.unwrap();
        }
        let (write, new) = write(&table, round / 2, &name, old);
        let ended = drop_after(rng.random_range(0..4), write).await;
        if let Some(ended) = &ended {
            assert!(ended.is_ok(), "{ended:?}");
        }
        // Later commits come after it, as far as the engine has an order; both are allowed.
        let now = table.get(&name).await.unwrap();
        assert!(now == old || now == new, "{old:?} became {now:?} instead of {new:?}");
        if ended.is_some() {
            assert_eq!(now, new, "an acknowledged write");
        }
    }
    load.undisturbed().await;
}

/// One of the public writes, and what the key holds after it.
fn write(
    table: &Numbers,
    which: usize,
    key: &str,
    old: Option<i64>,
) -> (BoxFuture<'static, Result<()>>, Option<i64>) {
    match which % 8 {
        0 => (table.insert(key, 2).boxed(), Some(2)),
        1 => (done(table.insert_if_absent(key, 2)), old.or(Some(2))),
        2 => (done(table.replace(key, 2)), old.and(Some(2))),
        3 => (done(table.remove(key)), None),
        4 => (done(table.update(key, |n| n.map(|n| n + 1))), old.map(|n| n + 1)),
        5 => (done(table.update_or(key, 5, |n| n + 1)), old.map(|n| n + 1).or(Some(6))),
        6 => (done(table.compare_and_set(key, old, Some(9))), Some(9)),
        _ => {
            let table = table.clone();
            let key = key.to_owned();
            let swap = async move { table.get_entry(&key).await?.swap(Some(7)).await };
            (done(swap), Some(7))
        }
    }
}

fn done<T>(
    write: impl Future<Output = Result<T>> + Send + 'static,
) -> BoxFuture<'static, Result<()>> {
    write.map(|ended| ended.map(drop)).boxed()
}

/// Batches over two tables, dropped at a random poll, stay whole.
pub async fn batches<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
    let raw = [table(&backend, "left").await, table(&backend, "right").await];
    let load = Load::on(&store).await;
    let tasks: Vec<_> = (0..4_u64)
        .map(|task| {
            let (store, left, right) = (store.clone(), left.clone(), right.clone());
            let (backend, raw, mut rng) = (Arc::clone(&backend), raw.clone(), place.rng_of(task));
            tokio::spawn(async move {
                for round in 0..50 {
                    let mut batch = store.batch();
                    for _ in 0..5 {
                        let name = key(rng.random_range(0..30));
                        if rng.random_bool(0.3) {
                            batch.remove(&left, &name).unwrap().remove(&right, &name).unwrap();
                        } else {
                            batch.insert(&left, &name, round).unwrap();
                            batch.insert(&right, &name, round).unwrap();
                        }
                    }
                    if round % 10 == 9 {
                        batch.clear(&left).unwrap().clear(&right).unwrap();
                    }
                    drop_after(rng.random_range(0..4), batch.commit()).await;
                    let mut whole = store.batch();
                    whole
                        .insert(&left, "last", round)
                        .unwrap()
                        .insert(&right, "last", round)
                        .unwrap();
                    let _ = whole.commit().await.unwrap();
                    let Ok(snapshot) = backend.snapshot().await else { continue };
                    let lefts = rows(&*snapshot, &raw[0], KeyRange::all()).await;
                    let rights = rows(&*snapshot, &raw[1], KeyRange::all()).await;
                    assert!(lefts == rights, "half of a batch is there");
                }
            })
        })
        .collect();
    ends(tasks).await;
    load.undisturbed().await;
    assert_eq!(all(left.range(..)).await, all(right.range(..)).await, "half of a batch is there");
}

/// Updates on a hot key, many dropped at a random poll: the others hang on none of them, those
/// acknowledged are all there, and each that is there is there once.
pub async fn updates<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let load = Load::on(&store).await;
    let tasks: Vec<_> = (0..8_u64)
        .map(|task| {
            let (table, mut rng) = (table.clone(), place.rng_of(task));
            tokio::spawn(async move {
                let mut told = Vec::new();
                for _ in 0..40 {
                    let update = table.update_or("hot", 0, |n| n + 1);
                    if rng.random_bool(0.5) {
                        told.extend(drop_after(rng.random_range(0..5), update).await);
                    } else {
                        told.push(update.await);
                    }
                }
                told.into_iter().map(Result::unwrap).collect::<Vec<i64>>()
            })
        })
        .collect();
    let mut told = ends(tasks).await.concat();
    load.undisturbed().await;
    // One that ends after all that was dropped.
    told.push(table.update_or("hot", 0, |n| n + 1).await.unwrap());
    let acknowledged = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), acknowledged, "two updates were told the same number");
    let stored = table.get("hot").await.unwrap().expect("a value");
    let acknowledged = i64::try_from(acknowledged).unwrap();
    let most = 8 * 40 + 1;
    assert!(stored >= acknowledged && stored <= most, "{acknowledged} gave {stored}");
}
