//! Law 7: iteration while others write.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, TryStreamExt};
use persist_core::backend::Cell;
use persist_core::column::{Integer, Json, Text};
use persist_core::{Error, ErrorKind, Table};
use rand::RngExt;

use crate::aid::cells::{put, table_of};
use crate::aid::tasks::ends;
use crate::aid::{all, fails, key, names, numbers};
use crate::{Place, Subject};

/// A key that is present throughout is met exactly once, and no key twice, while others come and
/// go around it; in both directions.
pub async fn present_throughout<S: Subject>(place: Place<S>) {
    const KEYS: usize = 1_200;
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let mut batch = store.batch();
    for number in (0..KEYS).step_by(3) {
        batch.insert(&table, &key(number), 1).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let churners: Vec<_> = (1..3)
        .map(|churner| {
            let (table, done, mut rng) =
                (table.clone(), Arc::clone(&done), place.rng_of(churner as u64));
            tokio::spawn(async move {
                while !done.load(Ordering::Acquire) {
                    // Each churner has its own third of the keys; the first third stays.
                    let number = rng.random_range(0..KEYS / 3) * 3 + churner;
                    if rng.random_bool(0.5) {
                        table.insert(&key(number), 0).await.unwrap();
                    } else {
                        table.remove(&key(number)).await.unwrap();
                    }
                    let steady = key(rng.random_range(0..KEYS / 3) * 3);
                    table.insert(&steady, 1).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..12 {
        let back = round % 2 == 1;
        let range = if back { table.range(..).rev() } else { table.range(..) };
        let mut stream = range.stream();
        let mut met: Vec<String> = Vec::new();
        while let Some((name, _)) = stream.try_next().await.unwrap() {
            met.push(name);
            tokio::task::yield_now().await;
        }
        let in_order = met.windows(2).all(|pair| (pair[0] < pair[1]) != back && pair[0] != pair[1]);
        assert!(in_order, "keys were met twice or out of order");
        let met: HashSet<_> = met.into_iter().collect();
        for number in (0..KEYS).step_by(3) {
            assert!(met.contains(&key(number)), "{} was there and was not met", key(number));
        }
    }
    done.store(true, Ordering::Release);
    ends(churners).await;
}

/// Every form of iteration meets each key that is present throughout once, while others come and
/// go.
pub async fn every_form<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let mut batch = store.batch();
    for number in (0..900).step_by(3) {
        batch.insert(&table, &key(number), 1).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    let steady: Vec<String> = (0..900).step_by(3).map(key).collect();
    let (other, done) = (table.clone(), Arc::new(AtomicBool::new(false)));
    let (ended, mut rng) = (Arc::clone(&done), place.rng());
    let churner = tokio::spawn(async move {
        while !ended.load(Ordering::Acquire) {
            let key = key(rng.random_range(0..300) * 3 + 1);
            if !other.remove(&key).await.unwrap() {
                other.insert(&key, 0).await.unwrap();
            }
        }
    });
    let check = |form: &str, met: Vec<(String, i64)>| {
        let met: Vec<String> =
            met.into_iter().filter(|(_, n)| *n == 1).map(|(key, _)| key).collect();
        assert_eq!(met, steady, "{form}");
    };
    for _ in 0..4 {
        check("stream", all(table.range(..)).await);
        check("snapshot", all(table.range(..).snapshot()).await);
        let pages: Vec<_> = table.range(..).pages(7).try_collect().await.unwrap();
        check("pages", pages.concat());
        let mut backwards = all(table.range(..).rev()).await;
        backwards.reverse();
        check("rev", backwards);
        let mut met = Vec::new();
        let each = table.range(..).for_each(|key, n| {
            met.push((key, n));
            async { Ok::<_, Error>(()) }
        });
        each.await.unwrap();
        check("for_each", met);
        let folded = table.range(..).fold(Vec::new(), |mut met, key, n| async move {
            met.push((key, n));
            Ok::<_, Error>(met)
        });
        check("fold", folded.await.unwrap());
        let listed = store.transact(async |tx| tx.range(&table, ..).entries().await);
        check("transaction", listed.await.unwrap());
        assert!(table.range(..).count().await.unwrap() >= 300, "count");
    }
    done.store(true, Ordering::Release);
    ends([churner]).await;
}

/// The callback may use the table that is iterated: change, remove, insert behind and ahead.
pub async fn callback_writes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    let mut batch = store.batch();
    for number in 0..600 {
        batch.insert(&table, number, 0).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    let mut met = Vec::new();
    let iterated = table.range(..10_000).for_each(|number, _| {
        met.push(number);
        let table = table.clone();
        async move {
            assert!(table.remove(number).await?, "{number} is removed once");
            table.insert(number - 20_000, 0).await?;
            table.insert(number + 20_000, 0).await?;
            assert_eq!(table.get(number).await?, None);
            Ok::<_, Error>(())
        }
    });
    iterated.await.unwrap();
    assert_eq!(met, (0..600).collect::<Vec<_>>());
    assert_eq!(table.range(0..10_000).count().await.unwrap(), 0);
    assert_eq!(table.len().await.unwrap(), 1_200);
}

/// The key at which a page ended may go away, and so may everything: iteration goes on or ends.
pub async fn the_ground_goes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    let mut batch = store.batch();
    for number in 0..2_000 {
        batch.insert(&table, number, 0).unwrap();
    }
    let _ = batch.commit().await.unwrap();
    let mut stream = table.range(..).stream();
    let mut last = -1;
    while let Some((number, _)) = stream.try_next().await.unwrap() {
        assert_eq!(number, last + 1);
        last = number;
        table.remove(number).await.unwrap();
        if number == 1_000 {
            table.clear().await.unwrap();
            table.insert(1_999, 1).await.unwrap();
            break;
        }
    }
    let rest: Vec<_> = stream.try_collect().await.unwrap();
    assert_eq!(rest.last(), Some(&(1_999, 1)), "a key that was inserted ahead and stays is met");
    let mut stream = table.range(..).stream();
    assert!(store.drop_table("t").await.unwrap());
    let gone = stream.next().await.expect("a dropped table is told");
    names(&fails(gone, ErrorKind::NotFound), &["\"t\""]);
    assert!(stream.next().await.is_none(), "an error of the store ends the stream");
}

/// Nothing is held between pages: many streams that have begun stop neither writers, nor each
/// other, nor the end of the store.
pub async fn nothing_held<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    for number in 0..600 {
        table.insert(&key(number), 0).await.unwrap();
        if number == 300 {
            numbers(&store, "other").await;
        }
    }
    let mut streams: Vec<_> = (0..50).map(|_| table.range(..).stream()).collect();
    for stream in &mut streams {
        assert!(stream.next().await.is_some());
    }
    table.insert("new", 1).await.unwrap();
    assert!(store.drop_table("other").await.unwrap());
    let counts = streams.iter_mut().take(5).map(async |stream| {
        let mut count = 1;
        while stream.try_next().await.unwrap().is_some() {
            count += 1;
        }
        count
    });
    let counts: Vec<usize> = futures_util::future::join_all(counts).await;
    assert_eq!(counts, [601; 5]);
    store.close().await.unwrap();
    drop(streams);
}

/// A row that cannot be decoded is one `Err` that names table and key, and iteration goes on.
pub async fn bad_row<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let table: Table<Text, Json<Vec<i64>>> = store.table("t").await.unwrap();
    for name in ["a", "b", "d", "e"] {
        table.insert(name, &vec![1]).await.unwrap();
    }
    let raw = table_of::<Text, Json<Vec<i64>>>(&backend, "t").await;
    put(&backend, &raw, Cell::Text("c".into()), Cell::Text("[not json".into())).await;
    for (range, order) in [
        (table.range(..), "abcde"),
        (table.range(..).rev(), "edcba"),
        (table.range(..).snapshot(), "abcde"),
    ] {
        let rows: Vec<_> = range.stream().collect().await;
        assert_eq!(rows.len(), 5, "one item for each row");
        for (row, expected) in rows.into_iter().zip(order.chars()) {
            if expected == 'c' {
                names(&fails(row, ErrorKind::Decode), &["\"t\"", "\"c\""]);
            } else {
                assert_eq!(row.unwrap(), (expected.to_string(), vec![1]));
            }
        }
    }
    let pages: Vec<_> = table.range(..).pages(4).collect().await;
    let good: Vec<_> = pages.iter().filter_map(|page| page.as_ref().ok()).flatten().collect();
    assert_eq!((good.len(), pages.iter().filter(|page| page.is_err()).count()), (4, 1));
    assert_eq!(table.range(..).count().await.unwrap(), 5, "counting reads no value");
    let stopped = table.range(..).for_each(async |_, _| Ok::<_, Error>(())).await;
    fails(stopped, ErrorKind::Decode);
    assert_eq!(all(table.range("d"..)).await.len(), 2);
}
