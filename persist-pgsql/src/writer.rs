//! The writing side: one connection, owned by one thread.

mod alone;
mod gate;
mod outcome;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use persist_core::backend::{Batch, Commit, Op};
use persist_core::engine::{Engine, Hints, Witness};
use persist_core::{Error, ErrorKind, Outcome, Result};
use tokio::runtime::Runtime;

use crate::connection::Connection;
use crate::error::{engine, is_clash};
use crate::gates::Gates;
use crate::notice::Notices;
use crate::options::address::Settings;

/// How often a group is made again that others were in the way of.
const ATTEMPTS: u32 = 10;

/// One writing connection, on a runtime of its thread: what it waits for wakes no other thread.
pub(crate) struct Writer {
    runtime: Runtime,
    connection: Option<Connection>,
    settings: Arc<Settings>,
    gates: Gates,
    witness: Arc<Witness>,
    hints: Arc<Hints>,
    notices: Notices,
}

/// Why a transaction did not come to an end.
#[derive(Debug)]
enum Stop {
    /// Nothing was written, and making the same again may succeed: others were in the way, or the
    /// connection was lost before the commit was sent.
    Again(Error),
    /// The end.
    Failed(Error),
}

impl Writer {
    pub(crate) fn new(
        settings: &Arc<Settings>,
        gates: &Gates,
        witness: &Arc<Witness>,
        hints: &Arc<Hints>,
        notices: Notices,
    ) -> Result<Self> {
        Ok(Self {
            runtime: crate::runtime::own()?,
            connection: None,
            settings: Arc::clone(settings),
            gates: gates.clone(),
            witness: Arc::clone(witness),
            hints: Arc::clone(hints),
            notices,
        })
    }

    fn answer(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        match self.together(group) {
            Ok(commits) => commits.into_iter().map(Ok).collect(),
            // One of them may have failed for reasons of its own, and all were rolled back.
            Err(error) if group.len() > 1 && may_be_of_one(&error, group) => {
                group.iter().map(|batch| self.one(batch)).collect()
            }
            Err(error) => group.iter().map(|_| Err(error.duplicate())).collect(),
        }
    }

    fn one(&mut self, batch: &Batch) -> Result<Commit> {
        let commits = self.together(std::slice::from_ref(batch))?;
        let first = commits.into_iter().next();
        first.ok_or_else(|| Error::new(ErrorKind::Backend, "no batch was judged"))
    }

    /// Judges and writes a group in one transaction, again while others are in the way.
    fn together(&mut self, group: &[Batch]) -> Result<Vec<Commit>> {
        let mut attempt = 1;
        loop {
            match self.attempt(group) {
                Ok(commits) => return Ok(commits),
                Err(Stop::Again(error)) if attempt < ATTEMPTS => {
                    tracing::debug!(%error, attempt, "a group of commits is made again");
                    std::thread::sleep(pause(attempt));
                    attempt += 1;
                }
                Err(Stop::Again(error) | Stop::Failed(error)) => return Err(error),
            }
        }
    }

    fn attempt(&mut self, group: &[Batch]) -> Result<Vec<Commit>, Stop> {
        self.connect().map_err(Stop::Failed)?;
        let Some(connection) = &self.connection else { return Err(Stop::Failed(Error::closed())) };
        if !connection.is_shared() {
            if let [Batch { ops }] = group
                && let [Op::Key { table, key, expect, write }] = &**ops
            {
                return self.alone(table, key, expect, write).map(|commit| vec![commit]);
            }
            if let Some(blind) = alone::Blind::of(group) {
                return self.blind(&blind).map(|()| vec![Commit::Applied; group.len()]);
            }
        }
        self.transaction(group)
    }

    /// Sees to it that there is a connection, as far as one can know without a round trip.
    fn connect(&mut self) -> Result<()> {
        if let Some(connection) = &mut self.connection
            && self.runtime.block_on(connection.revive())
        {
            return Ok(());
        }
        self.connection = Some(self.runtime.block_on(Connection::open(&self.settings))?);
        Ok(())
    }
}

impl Engine for Writer {
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        let answers = self.answer(group);
        for (batch, answer) in group.iter().zip(&answers) {
            if matches!(answer, Ok(Commit::Applied)) {
                self.hints.applied(batch);
            }
        }
        answers
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.runtime.block_on(connection.close());
        }
    }
}

impl Stop {
    /// What became of a statement whose effect cannot be there yet.
    fn before_commit(error: sqlx::Error, lost: bool) -> Self {
        let again = lost || is_clash(&error);
        let error = engine(error);
        if again { Self::Again(error) } else { Self::Failed(error) }
    }
}

/// Whether a failure of a group may be that of one batch of it.
fn may_be_of_one(error: &Error, group: &[Batch]) -> bool {
    let long = |batch: &Batch| batch.ops.iter().any(|op| !matches!(op, Op::Key { .. }));
    error.outcome() == Outcome::NotApplied
        && match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Busy | ErrorKind::Closed => false,
            ErrorKind::Timeout => group.iter().any(long),
            _ => true,
        }
}

/// How long to stay out of the way, differently for each who does.
fn pause(attempt: u32) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let most = 2_000_u64 << attempt.min(6);
    Duration::from_micros(RandomState::new().hash_one(attempt) % most)
}
