//! What the server must be like.

use persist_core::{Durability, Error, ErrorKind, Result};
use sqlx::Row as _;

use crate::connection::Connection;
use crate::error::engine;
use crate::options::address::Settings;

/// The oldest server that has all that is used, as the server numbers itself.
const OLDEST: i32 = 120_000;

/// Refuses a server that cannot keep the promises of a store.
pub(crate) async fn check(connection: &mut Connection, settings: &Settings) -> Result<()> {
    connection.begin("READ ONLY", "").await.map_err(engine)?;
    let asked = connection
        .script(
            "SELECT pg_advisory_xact_lock_shared(1885696627, 2); \
             SELECT current_setting('server_version_num')::integer, \
             current_setting('server_encoding'), \
             current_setting('fsync', true), current_setting('full_page_writes', true), \
             EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
                .to_owned(),
        )
        .await;
    connection.roll_back().await;
    let rows = asked.map_err(engine)?;
    let row = rows.last().ok_or(sqlx::Error::RowNotFound).map_err(engine)?;
    let version: i32 = row.try_get(0).map_err(engine)?;
    let text = |column: usize| row.try_get::<Option<String>, _>(column).map_err(engine);
    let encoding = text(1)?.unwrap_or_default();
    if version < OLDEST {
        return refused("the server is older than PostgreSQL 12; update it".to_owned());
    }
    if !row.try_get::<bool, _>(4).map_err(engine)? {
        return refused(
            "the server takes advisory locks and does not keep them, so nothing would guard \
             what is absent; use PostgreSQL itself"
                .to_owned(),
        );
    }
    if encoding != "UTF8" {
        return refused(format!(
            "the database's encoding is {encoding}, which cannot hold every text; \
             make one with `createdb --encoding=UTF8 --template=template0`"
        ));
    }
    if settings.durability == Durability::Full {
        for (name, column) in [("fsync", 2), ("full_page_writes", 3)] {
            if text(column)?.as_deref() == Some("off") {
                return refused(format!(
                    "the server runs with `{name} = off`, which breaks `durability = \"full\"`; \
                     turn it on, or set \"relaxed\""
                ));
            }
        }
    }
    Ok(())
}

fn refused(message: String) -> Result<()> {
    Err(Error::new(ErrorKind::Config, message))
}
