//! What is set on a connection before it is used, and what is remembered of the server.

use persist_core::Durability;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use crate::error::is_lost;
use crate::options::address::Settings;

/// What the server knows the session by, and what changes after each of its restarts, those that
/// follow the crash of one of its processes included.
const IDENTITY: &str = "\
SELECT pg_backend_pid(),
       (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()),
       pg_postmaster_start_time()::text || ' ' || (SELECT stats_reset::text FROM pg_stat_bgwriter)";

/// For sessions whose statements are prepared. A statement is planned once, perhaps while the table
/// is still empty: not for a table that size, but for rows that are found by their keys. A few keys
/// are looked up one by one, as they would be where the disk does not turn: a bitmap of their places
/// costs a tenth more.
const FOR_PREPARED: [&str; 6] = [
    "SET SESSION default_transaction_isolation = 'read committed'",
    "SET SESSION plan_cache_mode = force_generic_plan",
    "SET SESSION random_page_cost = 1.1",
    "SET SESSION enable_seqscan = off",
    "SET SESSION enable_hashjoin = off",
    "SET SESSION enable_mergejoin = off",
];

/// A session, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The number of its process, and since when that is this one's.
    pub(crate) pid: i32,
    pub(crate) since: String,
    /// Differs after every restart: numbers of transactions that a crash has lost are given again.
    pub(crate) incarnation: String,
}

/// Sets what must not depend on how the server, the database or the user are configured.
pub(super) async fn set_up(
    connection: &mut PgConnection,
    settings: &Settings,
) -> sqlx::Result<Option<Session>> {
    if settings.pgbouncer {
        return Ok(None);
    }
    let script = assignments(settings, "SESSION").join("; ");
    connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(script))).await?;
    let identity = connection.fetch_optional(sqlx::raw_sql(IDENTITY)).await;
    match identity {
        Err(error) if is_lost(&error) => Err(error),
        // An engine that is not PostgreSQL itself may not know; then lost ends stay unknown.
        identity => Ok(identity.ok().flatten().and_then(|row| session(&row).ok())),
    }
}

/// The same, for each transaction of a session that others use too.
pub(super) fn in_transaction(settings: &Settings) -> String {
    if !settings.pgbouncer {
        return String::new();
    }
    assignments(settings, "LOCAL").into_iter().map(|set| set + "; ").collect()
}

fn assignments(settings: &Settings, scope: &str) -> Vec<String> {
    let statement = settings.statement_timeout.as_millis();
    // Ends sessions whose program has gone without a word, and their locks.
    let idle = (settings.snapshot_max_age + settings.acquire_timeout).as_millis();
    let mut set = vec![
        format!("SET {scope} statement_timeout = {statement}"),
        format!("SET {scope} idle_in_transaction_session_timeout = {idle}"),
        format!("SET {scope} lock_timeout = 0"),
        format!("SET {scope} standard_conforming_strings = on"),
        // Compiling takes longer than anything that is asked here.
        format!("SET {scope} jit = off"),
    ];
    if scope == "SESSION" {
        set.extend(FOR_PREPARED.map(str::to_owned));
    }
    set.push(match settings.durability {
        // Levels above `on` stay.
        Durability::Full => format!(
            "SELECT set_config('synchronous_commit', 'on', {}) \
             WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')",
            scope == "LOCAL"
        ),
        Durability::Relaxed => format!("SET {scope} synchronous_commit = off"),
    });
    set
}

fn session(row: &PgRow) -> sqlx::Result<Session> {
    Ok(Session { pid: row.try_get(0)?, since: row.try_get(1)?, incarnation: row.try_get(2)? })
}
