//! Tasks that write and read at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use persist_core::kv::{Error, Kv};
use rand::RngExt;

use super::aid::{all, clean, listed, pattern, sown, told};
use crate::{KvSubject, Place};

/// Adds one to a number, in a batch.
pub(super) async fn increment(kv: &Kv, key: &str) -> Result<(), Error> {
    kv.batch_with(10_000, async |batch| {
        let number = match batch.get(key).await {
            Ok(number) => String::from_utf8(number).unwrap().parse::<u64>().unwrap(),
            Err(Error::NotFound(_)) => 0,
            Err(error) => return Err(error),
        };
        batch.set(key, (number + 1).to_string()).await
    })
    .await
}

/// Of batches that change one value, through several handles, none is lost.
pub async fn increments<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let tasks = (0..8).map(|_| {
        let kv = kv.clone();
        tokio::spawn(async move {
            for _ in 0..12 {
                increment(&kv, "d/n").await.unwrap();
            }
        })
    });
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
    assert_eq!(kv.get("d/n").await.unwrap(), b"96");
}

/// Dictionaries that are moved into each other at once never make a circle, and nothing is lost.
pub async fn no_cycles<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for round in 0..20 {
        kv.remove("").await.unwrap();
        sown(&kv, &[("a/x", "1"), ("b/y", "2"), ("c/z", "3")]).await;
        let moves = [("a", "b/in"), ("b", "c/in"), ("c", "a/in"), ("a", "c/there")];
        let tasks = moves.map(|(source, dest)| tokio::spawn(kv.rename(source, dest)));
        for ended in join_all(tasks).await {
            let ended = told(ended.unwrap());
            let lost = ended.starts_with("NotFound") || ended.starts_with("RenameSourcePrefix");
            assert!(ended == "()" || lost, "{ended}");
        }
        let values = all(&kv).await.into_iter().filter(|(key, _)| !key.ends_with('/'));
        let mut values: Vec<_> = values.map(|(_, value)| value).collect();
        values.sort();
        assert_eq!(values, [b"1", b"2", b"3"], "round {round}");
    }
    clean(&kv).await;
}

/// While a value is replaced again and again, small by large, every reader sees a whole one, and
/// so do partial reads and digests.
pub async fn whole_values<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let values: Arc<Vec<Vec<u8>>> = Arc::new(
        [10, 1_000, 70_000, 300_000, 1_500_000].map(|size| pattern(size, size as u64)).into(),
    );
    kv.set("d/v", &values[0]).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (kv, values, over) = (kv.clone(), Arc::clone(&values), Arc::clone(&over));
        let mut rng = place.rng_of(1);
        tokio::spawn(async move {
            for _ in 0..60 {
                let value = &values[rng.random_range(0..values.len())];
                kv.set("d/v", value).await.unwrap();
            }
            over.store(true, Ordering::Relaxed);
        })
    };
    let mut reads = 0;
    while !over.load(Ordering::Relaxed) || reads < 10 {
        let value = kv.get("d/v").await.unwrap();
        assert!(values.contains(&value), "a mixture of {} bytes", value.len());
        let part = kv.get_partial("d/v", 5, 100_000).await.unwrap();
        let whole = values.iter().any(|value| {
            value.get(5..).is_some_and(|rest| rest[..rest.len().min(100_000)] == part)
        });
        assert!(whole, "a mixture of {} bytes", part.len());
        reads += 1;
    }
    writer.await.unwrap();
    clean(&kv).await;
}

/// A dictionary that is moved to and fro is always at one of its places, with all that it holds.
pub async fn moved_under_way<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("a/d/x", "1"), ("a/d/y", "2"), ("b/other", "3")]).await;
    let over = Arc::new(AtomicBool::new(false));
    let mover = {
        let (kv, over) = (kv.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            for _ in 0..40 {
                kv.rename("a/d", "b/d").await.unwrap();
                kv.rename("b/d", "a/d").await.unwrap();
            }
            over.store(true, Ordering::Relaxed);
        })
    };
    let mut looks = 0;
    while !over.load(Ordering::Relaxed) || looks < 10 {
        for place in ["a/d", "b/d"] {
            match kv.list(place).await {
                Ok(entries) => assert_eq!(entries.len(), 2, "{entries:?}"),
                Err(error) => assert!(matches!(error, Error::NotFound(_)), "{error:?}"),
            }
        }
        let seen = kv
            .batch(async |batch| {
                Ok::<_, Error>([batch.exists("a/d/x").await?, batch.exists("b/d/x").await?])
            })
            .await
            .unwrap();
        assert_eq!(seen.iter().flatten().count(), 1, "at both places, or at none");
        looks += 1;
    }
    mover.await.unwrap();
    assert_eq!(listed(&kv, "a/d").await, ["/a/d/x", "/a/d/y"]);
}

/// A write whose future is dropped at any moment is made whole or not at all, and disturbs nobody.
pub async fn dropped_futures<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let (old, new) = (pattern(200_000, 1), pattern(2_200_000, 2));
    for round in 0..30_usize {
        kv.remove("").await.unwrap();
        kv.set("d/v", &old).await.unwrap();
        let write = if round % 3 == 0 {
            kv.set("d/v", &new)
        } else if round % 3 == 1 {
            kv.rename("d", "e")
        } else {
            let kv = kv.clone();
            async move {
                kv.batch(async |batch| {
                    batch.set("d/v", "x").await?;
                    batch.set("d/w", "x").await
                })
                .await
            }
            .boxed()
        };
        let polls = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = polls => {}
            done = write => done.unwrap(),
        }
        kv.set("after", "x").await.unwrap();
        let there = all(&kv).await;
        let (d, e) = (there.get("/d/v"), there.get("/e/v"));
        let whole = match round % 3 {
            0 => d == Some(&old) || d == Some(&new),
            1 => (d == Some(&old)) != (e == Some(&old)),
            _ => (d == Some(&old)) != there.contains_key("/d/w"),
        };
        assert!(whole, "round {round}: {:?}", there.keys().collect::<Vec<_>>());
    }
    clean(&kv).await;
}
