//! Being told what changes: `cargo run --example flags [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use futures_util::TryStreamExt;
use persist_core::column::{Json, Text};
use persist_core::{Change, Result, Table, Watch};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

#[derive(Debug, Serialize, Deserialize)]
struct Flag {
    on: bool,
}

type Flags = Table<Text, Json<Flag>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let flags: Flags = store.table("flags").await?;

    // As a callback, which tells the rest of the program. It ends when its guard is dropped.
    let (teller, mut dark) = watch::channel(false);
    let guard = flags.watch_key("beta/dark").call(move |change| {
        let on = matches!(&change, Ok(Change::Added(f) | Change::Updated { new: f, .. }) if f.on);
        teller.send_replace(on);
        async {}
    });
    let guard = guard.await?;

    // As a stream, of everything that begins so.
    let mut beta = flags.range(..).prefix("beta/").watch();
    beta.ready().await?;

    flags.insert("beta/dark", &Flag { on: false }).await?;
    show_next(&mut beta).await?;
    flags.insert("stable/fast", &Flag { on: true }).await?;
    flags.insert("beta/dark", &Flag { on: true }).await?;
    show_next(&mut beta).await?;
    dark.wait_for(|dark| *dark).await?;
    println!("the callback has it too");
    drop(guard);
    flags.remove("beta/dark").await?;
    show_next(&mut beta).await?;

    store.close().await?;
    // The watches of a store end with it.
    show_next(&mut beta).await?;
    Ok(())
}

async fn show_next(seen: &mut Watch<Text, Json<Flag>>) -> Result<()> {
    match seen.try_next().await? {
        Some((name, Change::Added(flag))) => println!("{name}: {flag:?}"),
        Some((name, Change::Updated { old, new })) => println!("{name}: {old:?}, now {new:?}"),
        Some((name, Change::Removed { .. })) => println!("{name}: gone"),
        None => println!("the end"),
    }
    Ok(())
}
