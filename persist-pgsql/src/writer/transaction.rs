//! A group in a transaction: the gates, the rows, the judgement, the writes, the commit.

mod rereading;
mod writing;

use persist_core::backend::{Batch, Commit};
use persist_core::engine::judge;
use persist_core::{Error, Outcome};
use sqlx::Row as _;

use super::gate::gates_of;
use super::outcome::{End, Token, ask};
use super::{Stop, Writer};
use crate::connection::Connection;
use crate::error::engine;
use writing::Writing;

impl Writer {
    /// Judges and writes a group in one transaction, once.
    pub(super) fn transaction(&mut self, group: &[Batch]) -> Result<Vec<Commit>, Stop> {
        let gates = gates_of(group).map_err(Stop::Failed)?;
        let Some(connection) = &mut self.connection else {
            return Err(Stop::Failed(Error::closed()));
        };
        let pass = format!("{}; SELECT txid_current()", self.gates.pass(&gates));
        let begun =
            self.runtime.block_on(connection.begin("ISOLATION LEVEL READ COMMITTED", &pass));
        let token = match begun {
            Ok(rows) => token(connection, rows.last()),
            Err(error) => return Err(self.stop(error)),
        };
        let mut writing = Writing::new(&self.runtime, connection, &self.witness);
        let judged = writing.prepare(group).and_then(|()| judge(&mut writing, group));
        let judged = judged.and_then(|commits| writing.flush().map(|()| commits));
        let trouble = writing.trouble();
        match judged {
            Ok(commits) if commits.contains(&Commit::Applied) => {
                self.end(group, &commits, token)?;
                Ok(commits)
            }
            Ok(commits) => {
                self.roll_back();
                Ok(commits)
            }
            Err(error) => {
                self.roll_back();
                Err(if trouble { Stop::Again(error) } else { Stop::Failed(error) })
            }
        }
    }

    /// Commits, and tells who listens, in one round trip.
    fn end(
        &mut self,
        group: &[Batch],
        commits: &[Commit],
        token: Option<Token>,
    ) -> Result<(), Stop> {
        let Some(connection) = &mut self.connection else {
            return Err(Stop::Failed(Error::closed()));
        };
        let applied = group.iter().zip(commits).filter(|(_, c)| **c == Commit::Applied);
        let notice = self.notices.of_batches(applied.map(|(batch, _)| batch));
        let tell = notice.map(|notice| {
            format!(
                "SELECT {} WHERE {}; ",
                self.gates.notice(&format!("'{notice}'")),
                self.gates.somebody_listens()
            )
        });
        let script = format!("{}COMMIT", tell.unwrap_or_default());
        let error = match self.runtime.block_on(connection.script(script)) {
            Ok(_) => return Ok(()),
            Err(error) if !connection.is_broken() => return Err(self.stop(error)),
            Err(error) => engine(error),
        };
        let end = match token {
            Some(token) => {
                let (end, connection) = self.runtime.block_on(ask(&self.settings, &token));
                self.connection = connection;
                end
            }
            None => End::Unknown,
        };
        tracing::warn!(%error, ?end, "the connection was lost during a commit");
        match end {
            End::Committed => Ok(()),
            End::Aborted => Err(Stop::Again(error)),
            End::Unknown => Err(Stop::Failed(error.with_outcome(Outcome::Unknown))),
        }
    }

    /// Why the transaction ends here, where it cannot have been committed.
    fn stop(&mut self, error: sqlx::Error) -> Stop {
        let lost = self.connection.as_ref().is_none_or(Connection::is_broken);
        self.roll_back();
        Stop::before_commit(error, lost)
    }

    fn roll_back(&mut self) {
        if let Some(connection) = &mut self.connection {
            self.runtime.block_on(connection.roll_back());
        }
    }
}

fn token(connection: &Connection, row: Option<&sqlx::postgres::PgRow>) -> Option<Token> {
    let session = connection.session()?.clone();
    Some(Token { session, transaction: row?.try_get(0).ok()? })
}
