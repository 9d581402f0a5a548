//! A tree of files over hierarchical keys, wherever they are kept:
//! `cargo run --example files [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use persist_core::kv::{Error, KeyPath, Kind, Kv};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let kv = persist_config::open_kv(shared::config("store.toml")?).await?;
    kv.remove("").await?;

    kv.set("home/ann/notes.txt", "sow, water, wait").await?;
    kv.set("home/ann/plans/garden.txt", "tomatoes").await?;
    kv.set_partial("home/ann/notes.txt", u64::MAX, ", reap").await?;

    // A large file goes in piece by piece, and is there when it is whole.
    let mut song = kv.writer("home/bob/song.txt");
    for _ in 0..100_000 {
        song.write_all(b"la la la, ").await?;
    }
    song.shutdown().await?;

    // Bob takes over the garden: of several writes, all happen or none.
    kv.batch(async |batch| {
        let plans = batch.list("home/ann/plans").await?.len();
        batch.rename("home/ann/plans", "home/bob").await?;
        batch.set("log", format!("bob has {plans} plan of ann's")).await
    })
    .await?;

    print(&kv, KeyPath::empty()).await?;
    let notes = kv.get("home/ann/notes.txt").await?;
    println!("{}", String::from_utf8_lossy(&notes));
    let mut line = String::new();
    kv.reader("home/bob/song.txt").await?.take(8).read_to_string(&mut line).await?;
    println!("{line}");
    println!("{}", String::from_utf8_lossy(&kv.get("log").await?));
    println!("all of it: {}", kv.digest("").await?);
    for refused in [kv.rename("home", "home/bob").await, kv.set("log/today", "").await] {
        println!("{}", refused.err().map_or_else(String::new, |error| error.to_string()));
    }
    kv.disconnect().await;
    Ok(())
}

/// Prints what is at a key and below it.
async fn print(kv: &Kv, top: KeyPath) -> Result<(), Error> {
    let mut left = vec![(top, Kind::Dictionary)];
    while let Some((key, kind)) = left.pop() {
        let indent = "  ".repeat(key.segments().count());
        match kind {
            Kind::Value => println!("{indent}{} ({})", key.basename(), kv.size(&key).await?),
            Kind::Dictionary => {
                println!("{indent}{}/", key.basename());
                let entries = kv.list(&key).await?.into_iter().rev();
                left.extend(entries.map(|entry| (entry.key, entry.kind)));
            }
        }
    }
    Ok(())
}
