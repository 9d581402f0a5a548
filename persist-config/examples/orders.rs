//! A transaction over two tables: `cargo run --example orders [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use persist_core::column::{Integer, Postcard, Text};
use persist_core::{Error, Persist, Table};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    sku: String,
    by: String,
}

#[derive(Debug)]
enum Shop {
    Broke { has: i64 },
    Store(Error),
}

impl From<Error> for Shop {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

struct App {
    store: Persist,
    wallets: Table<Text, Integer>,
    orders: Table<Integer, Postcard<Order>>,
}

impl App {
    async fn open(store: Persist) -> persist_core::Result<Self> {
        let wallets = store.table("wallets").await?;
        let orders = store.table("orders").await?;
        Ok(Self { store, wallets, orders })
    }

    /// Pays for the order and numbers it; or does nothing, if the wallet does not hold enough.
    async fn order(&self, order: &Order, price: i64) -> Result<i64, Shop> {
        let ordered = self.store.transact(async |tx| {
            let has = tx.get(&self.wallets, &order.by).await?.unwrap_or(0);
            if has < price {
                return Err(Shop::Broke { has });
            }
            // That no later order is there is judged with the writes: no number is used twice.
            let last = tx.range(&self.orders, ..).rev().limit(1).entries().await?;
            let number = last.first().map_or(1, |(number, _)| number + 1);
            tx.insert(&self.wallets, &order.by, has - price)?;
            tx.insert(&self.orders, number, order)?;
            Ok(number)
        });
        ordered.await
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let app = App::open(store.clone()).await?;

    println!("bob is given 12 and has {}", app.wallets.update_or("bob", 0, |n| n + 12).await?);
    let tea = Order { sku: "tea".to_owned(), by: "bob".to_owned() };
    loop {
        match app.order(&tea, 5).await {
            Ok(number) => println!("order {number}: tea for 5"),
            Err(Shop::Broke { has }) => {
                println!("refused: tea is 5, and bob has {has}");
                break;
            }
            Err(Shop::Store(error)) => return Err(error.into()),
        }
    }
    println!("{} orders", app.orders.len().await?);

    store.close().await?;
    Ok(())
}
