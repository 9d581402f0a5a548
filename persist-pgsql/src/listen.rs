//! Changes by other programs: listened for, or looked for, while somebody wants to know.

use std::sync::Arc;
use std::time::Duration;

use persist_core::Result;
use persist_core::backend::Hint;
use persist_core::engine::Hints;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{interval, sleep, timeout};

use crate::connection::Connection;
use crate::gates::Gates;
use crate::notice::Notices;
use crate::options::address::Settings;
use crate::pool::Pool;
use crate::read::Failure;
use crate::runtime::Runtime;
use crate::work::{self, Work};

/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(250);

/// How often it is looked whether anybody still wants to know.
const TICK: Duration = Duration::from_secs(5);

/// The task that learns of changes. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    wake: Arc<Notify>,
    task: AbortHandle,
}

struct Listener {
    settings: Arc<Settings>,
    gates: Gates,
    hints: Arc<Hints>,
    notices: Notices,
    pool: Arc<Pool>,
}

impl Listening {
    pub(crate) fn start(
        runtime: &Runtime,
        settings: &Arc<Settings>,
        gates: &Gates,
        hints: &Arc<Hints>,
        notices: Notices,
        pool: &Arc<Pool>,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let listener = Listener {
            settings: Arc::clone(settings),
            gates: gates.clone(),
            hints: Arc::clone(hints),
            notices,
            pool: Arc::clone(pool),
        };
        let woken = Arc::clone(&wake);
        let task = runtime.start_task(async move {
            loop {
                woken.notified().await;
                while listener.hints.wanted() {
                    listener.learn().await;
                }
            }
        });
        Self { wake, task }
    }

    /// Begins to learn of changes, if that has not begun.
    pub(crate) fn begin(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn end(&self) {
        self.task.abort();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.end();
    }
}

impl Listener {
    /// Learns of changes until nobody wants to know, or until the connection fails.
    async fn learn(&self) {
        if !self.settings.listen {
            return self.poll().await;
        }
        // The driver listens on connections of its own pools only.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(self.settings.connect_timeout)
            .connect_lazy_with(self.settings.connect.clone());
        let listened = match PgListener::connect_with(&pool).await {
            Ok(mut listener) => {
                listener.ignore_pool_close_event(true);
                listener.eager_reconnect(false);
                self.listen(&mut listener).await
            }
            Err(error) => Err(error),
        };
        // Ends the session, and with it what it is known by as a listener.
        pool.close().await;
        if let Err(error) = listened {
            tracing::debug!(%error, "listening is begun again");
            // Until then nobody knows.
            self.hints.send(Hint::Everything);
            sleep(PAUSE).await;
        }
    }

    async fn listen(&self, listener: &mut PgListener) -> sqlx::Result<()> {
        script(listener, self.gates.listen()).await?;
        script(listener, "BEGIN".to_owned()).await?;
        script(listener, self.gates.earlier_commits()).await?;
        script(listener, "COMMIT".to_owned()).await?;
        // What was committed before may not have been told.
        self.hints.send(Hint::Everything);
        let mut tick = interval(TICK);
        tick.tick().await;
        loop {
            tokio::select! {
                notice = listener.try_recv() => match notice? {
                    Some(notice) => {
                        for hint in self.notices.read(notice.payload()) {
                            self.hints.send(hint);
                        }
                    }
                    None => return Err(sqlx::Error::PoolClosed),
                },
                _ = tick.tick() => {
                    if !self.hints.wanted() {
                        return Ok(());
                    }
                    // A connection that was cut in silence is not noticed by waiting.
                    let alive = script(listener, "SELECT 1".to_owned());
                    timeout(self.settings.connect_timeout, alive)
                        .await
                        .map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
            }
        }
    }

    async fn poll(&self) {
        let mut known = None;
        while self.hints.wanted() {
            let state = self.state().await.ok();
            if state.is_none() || state != known {
                self.hints.send(Hint::Everything);
            }
            known = state;
            sleep(self.settings.poll_interval).await;
        }
    }

    /// What differs after every transaction that writes.
    async fn state(&self) -> Result<String> {
        let mut lent = self.pool.acquire("a look for changes").await?;
        work::read(&mut lent, &State).await
    }
}

struct State;

impl Work for State {
    type Output = String;

    async fn run(&self, connection: &mut Connection) -> Result<String, Failure> {
        let query = connection.query(&"SELECT txid_current_snapshot()::text".into());
        let rows = connection.rows(query).await?;
        Ok(rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?)
    }
}

async fn script(listener: &mut PgListener, sql: String) -> sqlx::Result<()> {
    listener.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop)
}
