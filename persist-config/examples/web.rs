//! A web server that counts its visitors and sells things:
//! `cargo run --example web [-- --config FILE]`, and then
//!
//! ```sh
//! curl localhost:8080/hits/home        # counts
//! curl localhost:8080/hits             # lists
//! curl -X POST localhost:8080/wallets/bob/7
//! curl -X POST localhost:8080/orders/1 --json '{ "sku": "tea", "by": "bob", "price": 5 }'
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use anyhow::Context;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::TryStreamExt;
// Columns are not at the root: `Json` and `Path` stay axum's.
use persist_core::column::{Integer, Postcard, Text};
use persist_core::{Persist, Table};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Settings {
    server: Server,
    persist: persist_config::Config,
}

#[derive(Deserialize)]
struct Server {
    listen: String,
}

#[derive(Clone)]
struct App {
    store: Persist,
    hits: Table<Text, Integer>,
    wallets: Table<Text, Integer>,
    orders: Table<Integer, Postcard<Order>>,
}

#[derive(Serialize, Deserialize)]
struct Order {
    sku: String,
    by: String,
    price: i64,
}

enum Fail {
    Taken,
    Broke,
    Store(persist_core::Error),
}

impl From<persist_core::Error> for Fail {
    fn from(error: persist_core::Error) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Taken => StatusCode::CONFLICT,
            Self::Broke => StatusCode::PAYMENT_REQUIRED,
            Self::Store(error) if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => {
                eprintln!("{error}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        status.into_response()
    }
}

async fn hit(State(app): State<App>, Path(page): Path<String>) -> Result<Json<i64>, Fail> {
    Ok(Json(app.hits.update_or(&page, 0, |n| n + 1).await?))
}

/// Sent as it is read, however long it is.
async fn hits(State(app): State<App>) -> Body {
    Body::from_stream(app.hits.range(..).stream().map_ok(|(page, n)| format!("{page} {n}\n")))
}

async fn pay_in(
    State(app): State<App>,
    Path((who, amount)): Path<(String, u32)>,
) -> Result<Json<i64>, Fail> {
    Ok(Json(app.wallets.update_or(&who, 0, |n| n.saturating_add(amount.into())).await?))
}

/// What is left in the wallet.
async fn order(
    State(app): State<App>,
    Path(id): Path<i64>,
    Json(order): Json<Order>,
) -> Result<Json<i64>, Fail> {
    let ordered = app.store.transact(async |tx| {
        if tx.contains(&app.orders, id).await? {
            return Err(Fail::Taken);
        }
        let left = tx.get(&app.wallets, &order.by).await?.unwrap_or(0) - order.price;
        if left < 0 {
            return Err(Fail::Broke);
        }
        tx.insert(&app.wallets, &order.by, left)?;
        tx.insert(&app.orders, id, &order)?;
        Ok(left)
    });
    ordered.await.map(Json)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::path::absolute(shared::config("web.toml")?)?;
    let settings: Settings = toml::from_str(&std::fs::read_to_string(&file)?)?;
    let dir = file.parent().context("a file has a directory")?;
    let store = settings.persist.relative_to(dir).open().await?;

    let app = App {
        hits: store.table("hits").await?,
        wallets: store.table("wallets").await?,
        orders: store.table("orders").await?,
        store: store.clone(),
    };
    let routes = Router::new()
        .route("/hits", get(hits))
        .route("/hits/{page}", get(hit))
        .route("/wallets/{who}/{amount}", post(pay_in))
        .route("/orders/{id}", post(order))
        .with_state(app);
    let listener = tokio::net::TcpListener::bind(&settings.server.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let stopped = async {
        // Without the signal it could only be killed, which it survives as well.
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(stopped).await?;
    store.close().await?;
    println!("closed");
    Ok(())
}
