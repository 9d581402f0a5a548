//! A table under composite keys, and the ways to read ranges of it:
//! `cargo run --example readings [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use persist_core::column::{Integer, Pair, Postcard, Text};
use persist_core::{Result, Table};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Reading {
    celsius: f32,
}

/// By sensor and hour.
type Readings = Table<Pair<Text, Integer>, Postcard<Reading>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let readings: Readings = store.table("readings").await?;
    readings.clear().await?;
    record(&readings).await?;
    println!("{} readings", readings.len().await?);

    println!(
        "hottest on the roof from 12 to 15: {} °C",
        hottest(&readings, "roof", 12..=15).await?
    );
    println!("at night: {}", readings.range(("cellar", 0)..("cellar", 6)).count().await?);

    let mut latest = readings.range(..).prefix("roof").rev().limit(3).stream();
    while let Some(((sensor, hour), reading)) = latest.try_next().await? {
        println!("{sensor} at {hour}: {} °C", reading.celsius);
    }

    println!("cellar on average: {} °C", average(&readings, "cellar").await?);

    // What a page holds may be changed while the next one has not been read.
    let mut pages = readings.range(..).snapshot().pages(20);
    while let Some(page) = pages.try_next().await? {
        let removed = page.iter().map(|((sensor, hour), _)| readings.remove((sensor, *hour)));
        try_join_all(removed).await?;
        println!("a page of {}; {} are left", page.len(), readings.len().await?);
    }

    store.close().await?;
    Ok(())
}

/// A day on the roof and in the cellar. The futures borrow nothing, so they may run together.
async fn record(readings: &Readings) -> Result<()> {
    let day = (0..24u8).flat_map(|hour| {
        let roof = Reading { celsius: 8.0 + f32::from(hour.min(28 - hour)) };
        let cellar = Reading { celsius: 12.0 };
        let hour = i64::from(hour);
        [readings.insert(("roof", hour), &roof), readings.insert(("cellar", hour), &cellar)]
    });
    try_join_all(day).await.map(drop)
}

async fn hottest(
    readings: &Readings,
    sensor: &str,
    hours: std::ops::RangeInclusive<i64>,
) -> Result<f32> {
    let mut found = readings.range((sensor, *hours.start())..=(sensor, *hours.end())).stream();
    let mut max = f32::MIN;
    while let Some((_, reading)) = found.try_next().await? {
        max = max.max(reading.celsius);
    }
    Ok(max)
}

async fn average(readings: &Readings, sensor: &str) -> Result<f32> {
    let all = readings.range(..).prefix(sensor);
    let add = async |(sum, n), _, reading: Reading| Ok((sum + reading.celsius, n + 1.0));
    let (sum, n) = all.fold((0.0, 0.0), add).await?;
    Ok(sum / n)
}
