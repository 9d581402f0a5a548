//! What became of a transaction whose connection was lost while it was committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::Row as _;

use crate::connection::{Connection, Session};
use crate::options::address::Settings;

/// What proves the end of a transaction.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) session: Session,
    pub(super) transaction: i64,
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Committed,
    Aborted,
    Unknown,
}

/// Asks the server on a new connection, and gives that back to go on with.
///
/// The number of a transaction that a crash of the server has lost is given again, to another one;
/// so what a server says after a restart proves nothing.
pub(super) async fn ask(settings: &Arc<Settings>, token: &Token) -> (End, Option<Connection>) {
    let begin = Instant::now();
    let Ok(mut connection) = Connection::open(settings).await else { return (End::Unknown, None) };
    let restarted =
        connection.session().is_none_or(|session| session.incarnation != token.session.incarnation);
    if restarted {
        return (End::Unknown, Some(connection));
    }
    loop {
        match status(&mut connection, token).await {
            Ok(Some(end)) => return (end, Some(connection)),
            Ok(None) if begin.elapsed() < settings.acquire_timeout => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            _ => return (End::Unknown, Some(connection)),
        }
    }
}

/// How it ended, if it has. A session that does not know that its client has gone is ended, which
/// does not stop a commit that is under way.
async fn status(connection: &mut Connection, token: &Token) -> sqlx::Result<Option<End>> {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE pid = $1 AND backend_start::text = $2";
    let end = connection.query(&end.into()).bind(token.session.pid).bind(&*token.session.since);
    connection.rows(end).await?;
    let ask = connection.query(&"SELECT txid_status($1)".into()).bind(token.transaction);
    let rows = connection.rows(ask).await?;
    let status: Option<String> = rows.first().map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(match status.as_deref() {
        Some("committed") => Some(End::Committed),
        Some("aborted") => Some(End::Aborted),
        Some(_) => None,
        None => Some(End::Unknown),
    })
}
