//! Named settings of different types, with defaults:
//! `cargo run --example settings [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use persist_core::Store;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Theme {
    name: String,
    dark: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let settings = Store::open(&store, "settings").await?;

    // Has the default until somebody sets it.
    let theme = Theme { name: "plain".to_owned(), dark: false };
    let theme = settings.variable("theme", theme).await?;

    // Made by the first run only.
    let secret = settings.variable_with("secret", new_secret).await?;

    // The same for what takes time: however many tasks and processes ask, one answer is kept.
    let region = settings.variable_with_async("region", nearest_region).await?;

    println!("theme {:?}", theme.get().await?);
    println!("secret {}", secret.get().await?);
    println!("region {}", region.get().await?);

    let set = theme.update(|theme| Theme { dark: !theme.dark, ..theme }).await?;
    println!("theme now {set:?}");

    store.close().await?;
    Ok(())
}

fn new_secret() -> String {
    println!("(making a secret)");
    uuid::Uuid::new_v4().to_string()
}

async fn nearest_region() -> String {
    println!("(looking for the nearest region)");
    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    "north".to_owned()
}
