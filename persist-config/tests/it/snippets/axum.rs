//! A server with a hit counter and a listing.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use persist_core::Table;
use persist_core::column::{Integer, Text}; // columns are not at the root: Json, Path stay axum's

type Hits = Table<Text, Integer>;

struct Fail(persist_core::Error);

impl From<persist_core::Error> for Fail {
    fn from(e: persist_core::Error) -> Self {
        Self(e)
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        if self.0.is_retryable() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        .into_response()
    }
}

async fn hit(State(hits): State<Hits>, Path(page): Path<String>) -> Result<Json<i64>, Fail> {
    Ok(Json(hits.update_or(&page, 0, |n| n + 1).await?))
}

async fn all(State(hits): State<Hits>) -> axum::body::Body {
    use futures_util::TryStreamExt;
    axum::body::Body::from_stream(hits.range(..).stream().map_ok(|(k, n)| format!("{k} {n}\n")))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open("server.toml").await?;
    let hits: Hits = store.table("hits").await?;
    let app = Router::new().route("/", get(all)).route("/{page}", get(hit)).with_state(hits);
    let l = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    axum::serve(l, app)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    store.close().await?;
    Ok(())
}

#[test]
fn stops_where_there_is_no_configuration() {
    assert!(main().unwrap_err().to_string().starts_with("server.toml: there is no such file"));
}

#[tokio::test]
async fn errors_become_a_status() {
    use persist_core::{Error, ErrorKind, Outcome};

    let busy = || Error::new(ErrorKind::Busy, "locked");
    let status = |error| Fail::from(error).into_response().status();
    assert_eq!(status(busy()), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(busy().with_outcome(Outcome::Unknown)), StatusCode::INTERNAL_SERVER_ERROR);
}
