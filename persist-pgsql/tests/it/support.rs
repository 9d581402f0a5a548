//! Servers, stores and plain connections.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use persist_core::{Error, ErrorKind, Outcome, Persist};
use persist_pgsql::Options;
use persist_servers::Postgres;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};

/// Options for a store of the shared server.
pub(crate) fn options(schema: &str) -> Options {
    at(&Postgres::shared_url().unwrap(), schema)
}

/// Options for a store of a server of one's own. Many stores are open at once in these tests.
pub(crate) fn at(url: &str, schema: &str) -> Options {
    Options::new().url(url).schema(schema).size_conn_pool(4)
}

/// A schema that nobody has.
pub(crate) fn fresh(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{stem}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A store of its own on the shared server.
pub(crate) async fn store(stem: &str) -> (Persist, String) {
    let schema = fresh(stem);
    (options(&schema).open().await.unwrap(), schema)
}

/// A connection of another program to the shared server.
pub(crate) async fn connect() -> Sql {
    Sql::to(&Postgres::shared_url().unwrap()).await
}

/// The connection of another program.
pub(crate) struct Sql(PgConnection);

impl Sql {
    pub(crate) async fn to(url: &str) -> Self {
        Self(PgConnection::connect(url).await.unwrap())
    }

    pub(crate) async fn run(&mut self, script: impl Into<String>) {
        self.0.execute(sqlx::raw_sql(AssertSqlSafe(script.into()))).await.unwrap();
    }

    /// The first column of every row, as text.
    pub(crate) async fn texts(&mut self, query: impl Into<String>) -> Vec<String> {
        let rows = self.0.fetch_all(sqlx::raw_sql(AssertSqlSafe(query.into()))).await.unwrap();
        rows.iter()
            .map(|row| row.get_unchecked::<Option<String>, _>(0).unwrap_or_default())
            .collect()
    }

    pub(crate) async fn text(&mut self, query: impl Into<String>) -> String {
        self.texts(query).await.into_iter().next().unwrap_or_default()
    }
}

/// That something fails, and fails so, without having been applied.
#[track_caller]
pub(crate) fn fails<T>(result: Result<T, Error>, kind: ErrorKind, parts: &[&str]) -> Error {
    let Err(error) = result else { panic!("this must fail as {kind:?}") };
    assert_eq!((error.kind(), error.outcome()), (kind, Outcome::NotApplied), "{error}");
    let told = told(&error);
    for part in parts {
        assert!(told.contains(part), "{told:?} does not say {part:?}");
    }
    error
}

/// An error with all its causes.
pub(crate) fn told(error: &Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

/// Waits until something holds, which it must do some day.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < Duration::from_mins(1), "it does not come to hold");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
