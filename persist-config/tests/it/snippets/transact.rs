//! A transaction over two tables, in a handler and in a spawned task.

use persist_core::column::{Integer, Postcard, Text};
use persist_core::{Error, Persist, Table};

#[derive(serde::Serialize, serde::Deserialize, Clone)]
struct Order {
    sku: String,
    by: String,
}

#[derive(Debug)]
enum Shop {
    Broke,
    Store(Error),
}

impl From<Error> for Shop {
    fn from(e: Error) -> Self {
        Shop::Store(e)
    }
}

#[derive(Clone)]
struct App {
    store: Persist,
    wallet: Table<Text, Integer>,
    orders: Table<Integer, Postcard<Order>>,
}

impl App {
    async fn order(&self, id: i64, o: &Order, price: i64) -> Result<i64, Shop> {
        self.store
            .transact(async |tx| {
                let left = tx.get(&self.wallet, &o.by).await?.unwrap_or(0) - price;
                if left < 0 {
                    return Err(Shop::Broke);
                }
                tx.insert(&self.wallet, &o.by, left)?;
                tx.insert(&self.orders, id, o)?;
                Ok(left)
            })
            .await
    }
}

async fn h1(axum::extract::State(app): axum::extract::State<App>) -> String {
    let o = Order { sku: "x".into(), by: "bob".into() };
    format!("{:?}", app.order(1, &o, 5).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn in_handlers_and_spawned_tasks() {
    let (stores, _place) = super::stores().await;
    for store in stores {
        let wallet = store.table("wallet").await.unwrap();
        let orders = store.table("orders").await.unwrap();
        let app = App { store, wallet, orders };
        let _: axum::Router<App> = axum::Router::new().route("/1", axum::routing::get(h1));
        app.wallet.insert("bob", 45).await.unwrap();
        assert_eq!(h1(axum::extract::State(app.clone())).await, "Ok(40)");

        let o = Order { sku: "x".into(), by: "bob".into() };
        let tasks = (100..132).map(|id| {
            let (app, o) = (app.clone(), o.clone());
            tokio::spawn(async move { app.order(id, &o, 2).await })
        });
        let ended = futures_util::future::join_all(tasks.collect::<Vec<_>>()).await;
        let mut left = Vec::new();
        for ended in ended {
            match ended.unwrap() {
                Ok(now) => left.push(now),
                Err(Shop::Broke) => {}
                Err(Shop::Store(e)) => panic!("{e}"),
            }
        }
        left.sort_unstable();
        assert_eq!(left, (0..40).step_by(2).collect::<Vec<i64>>());
        assert_eq!(app.orders.len().await.unwrap(), 21);
        assert_eq!(app.orders.get(1).await.unwrap().unwrap().sku, "x");
    }
}
