//! Our side: a key of a table, and its watch.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use persist_bench_kit::{Result, Spot};
use persist_core::column::{Integer, Text};
use persist_core::{Change, Table};

use super::{KEY, Seen, Writer};
use crate::stores;

type Numbers = Table<Text, Integer>;

pub async fn writer(engine: &str, spot: &Spot) -> Result<Box<dyn Writer>> {
    Ok(Box::new(open(engine, spot).await?))
}

impl Writer for Numbers {
    fn write(&mut self, number: i64) -> BoxFuture<'_, Result<()>> {
        self.insert(KEY, number).map(|written| Ok(written?)).boxed()
    }
}

pub async fn watch(engine: &str, spot: &Spot) -> Result<Seen> {
    let mut changes = open(engine, spot).await?.watch_key(KEY);
    changes.ready().await?;
    let number = |change| match change {
        Change::Added(new) | Change::Updated { new, .. } => Ok(new),
        Change::Removed { .. } => Err("the number is gone".into()),
    };
    Ok(changes.map(move |change| number(change?)).boxed())
}

async fn open(engine: &str, spot: &Spot) -> Result<Numbers> {
    Ok(stores::open(engine, spot).await?.table("numbers").await?)
}
