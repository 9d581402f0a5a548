//! What a table is called in PostgreSQL.

use super::Registry;
use crate::connection::Connection;

/// Names are cut at 63 bytes; this leaves room for a number behind.
const LONGEST: usize = 55;

impl Registry {
    /// The name of the table in PostgreSQL: its own if that is plain and was never taken, else
    /// one with a number. Names are always quoted, so that case is not folded.
    pub(super) async fn physical_name(
        &self,
        connection: &mut Connection,
        name: &str,
    ) -> sqlx::Result<String> {
        let plain = is_plain(name);
        if plain && !self.is_taken(connection, name).await? {
            return Ok(name.to_owned());
        }
        let stem = if plain { name } else { "persist_table" };
        let mut number = if plain { 2_u64 } else { self.made(connection).await? + 1 };
        loop {
            let made = format!("{stem}_{number}");
            if !self.is_taken(connection, &made).await? {
                return Ok(made);
            }
            number += 1;
        }
    }

    async fn is_taken(&self, connection: &mut Connection, physical: &str) -> sqlx::Result<bool> {
        let sql = format!(
            "SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relname = $2 \
             UNION ALL \
             SELECT 1 FROM pg_type WHERE typnamespace = to_regnamespace($1) AND typname = $2 \
             UNION ALL SELECT 1 FROM {} WHERE physical = $2",
            self.name
        );
        let schema = crate::sql::quoted(&self.schema);
        let query = connection.query(&sql.into()).bind(schema).bind(physical);
        Ok(!connection.rows(query).await?.is_empty())
    }

    /// How many tables were ever made.
    async fn made(&self, connection: &mut Connection) -> sqlx::Result<u64> {
        let query = connection.query(&format!("SELECT count(*) FROM {}", self.name).into());
        let rows = connection.rows(query).await?;
        let made: i64 = match rows.first() {
            Some(row) => sqlx::Row::try_get(row, 0)?,
            None => 0,
        };
        Ok(made.unsigned_abs())
    }
}

fn is_plain(name: &str) -> bool {
    let begins_plainly = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins_plainly
        && name.len() <= LONGEST
        && !name.starts_with("pg_")
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
