//! New values from old ones, exactly, whoever else writes:
//! `cargo run --example stock [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use futures_util::future::join_all;
use persist_core::column::{Integer, Json, Text};
use persist_core::{Error, Result, Swap, Table};

type Stock = Table<Text, Integer>;
type Labels = Table<Text, Json<Vec<String>>>;

#[derive(Debug)]
enum Shop {
    SoldOut,
    Store(Error),
}

impl From<Error> for Shop {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let stock: Stock = store.table("stock").await?;
    let labels: Labels = store.table("labels").await?;

    println!("tea: 5 came, {} in stock", stock.update_or("tea", 0, |n| n + 5).await?);
    for sold in join_all((0..4).map(|_| buy(&stock, "tea", 2))).await {
        match sold {
            Ok(()) => println!("tea: 2 sold"),
            Err(Shop::SoldOut) => println!("tea: sold out"),
            Err(Shop::Store(error)) => return Err(error.into()),
        }
    }
    // What becomes `None` is removed.
    let left = stock.update("tea", |left| left.filter(|left| *left > 0)).await?;
    println!("tea: {left:?} left");

    let first = vec!["fresh".to_owned()];
    match labels.compare_and_set("tea", None, Some(&first)).await? {
        Swap::Done => println!("labels: {first:?}"),
        Swap::Found(labels) => println!("labels: {labels:?} already"),
    }
    add_label(&labels, "tea", "organic").await?;
    println!("labels: {:?}", labels.get("tea").await?);

    store.close().await?;
    Ok(())
}

/// Takes `want` from the stock, or nothing.
async fn buy(stock: &Stock, sku: &str, want: i64) -> Result<(), Shop> {
    let taken = stock.try_update(sku, |left| match left {
        Some(left) if left >= want => Ok(Some(left - want)),
        _ => Err(Shop::SoldOut),
    });
    taken.await.map(drop)
}

/// As `update` would do it, with room for whatever must happen between reading and writing.
async fn add_label(labels: &Labels, sku: &str, label: &str) -> Result<()> {
    loop {
        let entry = labels.get_entry(sku).await?;
        let mut new = entry.value().cloned().unwrap_or_default();
        if new.iter().any(|known| known == label) {
            return Ok(());
        }
        new.push(label.to_owned());
        if entry.swap(Some(&new)).await? == Swap::Done {
            return Ok(());
        }
    }
}
