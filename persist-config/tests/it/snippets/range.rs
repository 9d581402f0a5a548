//! Ranges, and futures that borrow nothing.

use futures_util::TryStreamExt;
use persist_core::column::{Integer, Pair, Postcard, Text};
use persist_core::{Persist, Result, Table};

#[derive(serde::Serialize, serde::Deserialize)]
struct Reading {
    celsius: f32,
}
type Readings = Table<Pair<Text, Integer>, Postcard<Reading>>; // (sensor, unix ms)

async fn hottest(readings: &Readings, sensor: &str, from: i64) -> Result<f32> {
    let mut day = readings.range((sensor, from)..=(sensor, i64::MAX)).limit(10_000).stream();
    let mut max = f32::MIN;
    while let Some(((_, _at), r)) = day.try_next().await? {
        // no pin!: Entries is Unpin
        max = max.max(r.celsius);
    }
    Ok(max)
}

async fn more(p: &Persist, owned: String) -> Result<()> {
    let t: Table<Text, Postcard<Reading>> = p.table("plain").await?;
    t.insert("k", &Reading { celsius: 1.0 }).await?;
    t.insert(&owned, &Reading { celsius: 1.0 }).await?; // &String coerces
    t.range(..).rev().limit(5).stream().try_collect::<Vec<_>>().await?;
    t.range("a".."m").stream().try_for_each(async |(k, _)| t.remove(&k).await.map(drop)).await?;
    t.range(owned.as_str()..).pages(500).try_next().await?;
    // futures borrow no temporaries:
    let all = (0..100).map(|i| t.insert(&format!("k{i}"), &Reading { celsius: 0.0 }));
    futures_util::future::try_join_all(all).await?;
    tokio::spawn(t.insert("spawned", &Reading { celsius: 0.0 })).await.unwrap()?;
    let n: Table<Integer, persist_core::column::Real> = p.table("n").await?;
    n.insert(3, 3.5).await?;
    n.range(3..9).count().await?;
    n.get(3).await?;
    Ok(())
}

fn leaves(t: &Readings) -> impl futures_util::Stream<Item = Result<Reading>> + Send + use<> {
    t.range(..).stream().map_ok(|(_, r)| r)
}

#[tokio::test]
async fn do_what_they_say() {
    let (stores, _place) = super::stores().await;
    for store in stores {
        more(&store, "owned".to_owned()).await.unwrap();
        let plain: Table<Text, Postcard<Reading>> = store.table("plain").await.unwrap();
        // All but "k", and with "owned" and "spawned".
        assert_eq!(plain.len().await.unwrap(), 102);

        let readings: Readings = store.table("readings").await.unwrap();
        for (sensor, at, celsius) in [("roof", 1, 9.0), ("roof", 2, 7.0), ("sea", 3, 8.0)] {
            readings.insert((sensor, at), &Reading { celsius }).await.unwrap();
        }
        // A spawned task owns all that it uses.
        let spawned = readings.clone();
        let hottest = tokio::spawn(async move { hottest(&spawned, "roof", 2).await });
        assert!((hottest.await.unwrap().unwrap() - 7.0).abs() < f32::EPSILON);
        let left = leaves(&readings);
        drop(readings);
        assert_eq!(left.try_collect::<Vec<_>>().await.unwrap().len(), 3);
    }
}
