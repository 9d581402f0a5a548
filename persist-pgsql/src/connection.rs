//! One connection: its settings, its statements, and what became of it.

mod setup;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use persist_core::{Error, ErrorKind, Result};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::runtime::{Handle, Id};
use tokio::time::timeout;

use crate::error::{engine, is_lost, is_stale_statement};
use crate::options::address::Settings;

pub(crate) use setup::Session;

/// How much longer than the server's own limit an answer is waited for, before the connection is
/// taken for lost.
const GRACE: Duration = Duration::from_secs(5);

/// A connection that was idle for longer than this is asked whether it lives before it is used
/// for what cannot be repeated.
const IDLE: Duration = Duration::from_millis(500);

/// A query with its parameters.
pub(crate) type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

pub(crate) struct Connection {
    inner: PgConnection,
    /// The runtime that it was made on, and that its socket depends on.
    home: Id,
    settings: Arc<Settings>,
    /// What the server knows the session by, if it is ours for longer than a transaction.
    session: Option<Session>,
    used: Instant,
    /// Whether a statement was begun whose end nobody has seen: who waited for it may have gone.
    is_asked: bool,
    broken: bool,
}

impl Connection {
    /// Connects, waiting for a server that is down until the acquire timeout has passed.
    pub(crate) async fn open(settings: &Arc<Settings>) -> Result<Self> {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let left = settings.acquire_timeout.saturating_sub(begin.elapsed());
            let attempt = settings.connect_timeout.min(left);
            let error = match timeout(attempt, Self::attempt(settings)).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) if !crate::error::is_passing(&error) => {
                    return Err(engine(error).context(&settings.server));
                }
                Ok(Err(error)) => engine(error),
                Err(_) => Error::new(
                    ErrorKind::Unavailable,
                    format!("the server did not answer within {attempt:?}"),
                ),
            };
            if begin.elapsed() + pause >= settings.acquire_timeout {
                return Err(error.context(format_args!(
                    "no connection within `acquire_timeout` ({:?}) to {}",
                    settings.acquire_timeout, settings.server
                )));
            }
            tracing::debug!(%error, "the server cannot be reached; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn attempt(settings: &Arc<Settings>) -> sqlx::Result<Self> {
        let mut inner = PgConnection::connect_with(&settings.connect).await?;
        let session = setup::set_up(&mut inner, settings).await?;
        let settings = Arc::clone(settings);
        let home = Handle::current().id();
        Ok(Self {
            inner,
            home,
            settings,
            session,
            used: Instant::now(),
            is_asked: false,
            broken: false,
        })
    }

    /// A statement that is prepared once and kept.
    pub(crate) fn query(&self, sql: &Arc<str>) -> Query<'static> {
        let query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
        query.persistent(!self.settings.pgbouncer)
    }

    /// Runs a statement to its end.
    pub(crate) async fn rows(&mut self, query: Query<'_>) -> sqlx::Result<Vec<PgRow>> {
        let mut rows = Vec::new();
        self.each_row(query, |row| rows.push(row)).await?;
        Ok(rows)
    }

    /// The same, row by row, which keeps no more than one of them.
    pub(crate) async fn each_row(
        &mut self,
        query: Query<'_>,
        mut see: impl FnMut(PgRow),
    ) -> sqlx::Result<()> {
        let limit = self.asks();
        let read = async {
            let mut stream = query.fetch(&mut self.inner);
            while let Some(row) = stream.try_next().await? {
                see(row);
            }
            Ok(())
        };
        let done = timeout(limit, read).await;
        self.ended(done)
    }

    /// Runs a statement to its end; how many rows it wrote.
    pub(crate) async fn execute(&mut self, query: Query<'_>) -> sqlx::Result<u64> {
        let limit = self.asks();
        let done = timeout(limit, query.execute(&mut self.inner)).await;
        self.ended(done).map(|done| done.rows_affected())
    }

    /// Runs statements that hold nothing but what we wrote and quoted, in one round trip.
    pub(crate) async fn script(&mut self, sql: String) -> sqlx::Result<Vec<PgRow>> {
        let limit = self.asks();
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        let done = timeout(limit, self.inner.fetch_all(script)).await;
        self.ended(done)
    }

    /// Begins a transaction, with what must be set anew in each when the session is shared.
    pub(crate) async fn begin(&mut self, how: &str, then: &str) -> sqlx::Result<Vec<PgRow>> {
        let set = setup::in_transaction(&self.settings);
        self.script(format!("BEGIN {how}; {set}{then}")).await
    }

    pub(crate) async fn commit(&mut self) -> sqlx::Result<()> {
        self.script("COMMIT".to_owned()).await.map(drop)
    }

    /// Ends a transaction that came to nothing. A connection that cannot is of no more use.
    pub(crate) async fn roll_back(&mut self) {
        if !self.broken && self.script("ROLLBACK".to_owned()).await.is_err() {
            self.broken = true;
        }
    }

    pub(crate) fn home(&self) -> Id {
        self.home
    }

    /// Whether it can be used no more.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken || self.is_asked
    }

    /// Makes a connection that was idle tell whether it lives.
    pub(crate) async fn revive(&mut self) -> bool {
        if self.used.elapsed() > IDLE {
            let ping = timeout(self.settings.connect_timeout, self.inner.ping()).await;
            self.broken |= !matches!(ping, Ok(Ok(())));
            self.used = Instant::now();
        }
        !self.broken
    }

    /// Whether nothing may be left on the connection between transactions.
    pub(crate) fn is_shared(&self) -> bool {
        self.settings.pgbouncer
    }

    /// What a transaction that is begun here can be asked after by.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    pub(crate) async fn close(self) {
        // The server notices anyway.
        let _ = timeout(GRACE, self.inner.close()).await;
    }

    /// Notes that a statement begins; how long its answer is waited for.
    fn asks(&mut self) -> Duration {
        self.is_asked = true;
        self.settings.statement_timeout + GRACE
    }

    fn ended<T>(
        &mut self,
        done: Result<sqlx::Result<T>, tokio::time::error::Elapsed>,
    ) -> sqlx::Result<T> {
        self.used = Instant::now();
        self.is_asked = false;
        let done = done.unwrap_or_else(|_| {
            // Whatever it answers later is not what the next statement asked for.
            self.broken = true;
            let late = "no answer in time";
            Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late)))
        });
        if let Err(error) = &done {
            self.broken |= is_lost(error) || is_stale_statement(error);
        }
        done
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("broken", &self.broken).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
