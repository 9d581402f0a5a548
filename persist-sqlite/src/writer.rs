//! The writing side: one connection, owned by one thread.

mod writing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use persist_core::backend::{Batch, Commit, Hint, Op};
use persist_core::engine::{Engine, Hints, Syncer, Witness, judge};
use persist_core::{Durability, Error, ErrorKind, Outcome, Result};
use rusqlite::Connection;

use crate::Options;
use crate::anchor::Anchor;
use crate::commits::Commits;
use crate::connect::{execute, patiently};
use crate::durable::LogFile;
use crate::error::{engine, is_busy};
use crate::log::Log;
use crate::pool::Pool;
use crate::read::SHORT_KEYS;
use crate::snapshot::Snapshots;
use crate::sql::{SHORT, SqlTable};
use crate::views;
use writing::Writing;

/// How often changes by other processes are looked for while somebody listens.
const POLL: Duration = Duration::from_millis(50);

pub(crate) struct Writer {
    /// Dropped before the connection, which writes the log back if it is the last one.
    anchor: Option<Anchor>,
    connection: Connection,
    options: Options,
    snapshots: Arc<Snapshots>,
    witness: Arc<Witness>,
    hints: Arc<Hints>,
    log: Log,
    /// If commits are to be durable.
    log_file: Option<LogFile>,
    last_commit: Instant,
    /// Whether there was a commit since the anchor was looked at.
    committed: bool,
    /// What `data_version` was when it was asked for last.
    others: Option<i64>,
    /// If nobody else may write, who is to know of commits.
    alone: Option<Alone>,
}

/// What a store that only this process writes needs: the write lock is held all the time.
pub(crate) struct Alone {
    pub(crate) commits: Arc<Commits>,
    pub(crate) pool: Arc<Pool>,
}

impl Writer {
    pub(crate) fn new(
        mut connection: Connection,
        options: &Options,
        snapshots: Arc<Snapshots>,
        witness: Arc<Witness>,
        hints: Arc<Hints>,
        anchor: Option<Anchor>,
        alone: Option<Alone>,
    ) -> Result<Self> {
        let log = Log::watch(&mut connection)?;
        let log_file = LogFile::take_over(&connection, options)?;
        let (options, last_commit) = (options.clone(), Instant::now());
        let mut this = Self {
            anchor,
            connection,
            options,
            snapshots,
            witness,
            hints,
            log,
            log_file,
            last_commit,
            committed: false,
            others: None,
            alone,
        };
        if this.alone.is_some() {
            this.begin().map_err(|error| match error.kind() {
                ErrorKind::Busy => Error::new(
                    ErrorKind::Busy,
                    "another process is writing, and `exclusive = true` allows no other; close \
                     it, or share the file without `exclusive`",
                ),
                _ => error,
            })?;
        }
        Ok(this)
    }
}

impl Engine for Writer {
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        let answers = self.answer(group);
        for (batch, answer) in group.iter().zip(&answers) {
            self.tell(batch, answer);
        }
        answers
    }

    fn syncer(&mut self) -> Result<Option<Syncer>> {
        Ok(self.log_file.clone().map(|log| Box::new(move || log.sync()) as Syncer))
    }

    fn commit_now(&mut self, batch: &Batch) -> Option<Result<Commit>> {
        if self.may_sleep(batch) {
            return None;
        }
        match self.begin_now() {
            Ok(()) => {}
            Err(error) if is_busy(&error) => return None,
            Err(error) => return Some(Err(engine(error))),
        }
        let answer = self.judge(std::slice::from_ref(batch)).and_then(only);
        self.tell(batch, &answer);
        Some(answer)
    }

    fn housekeeping(&mut self) -> Option<Duration> {
        let expiry = self.snapshots.expire();
        let log = self.keep_log_short();
        let others = (self.alone.is_none() && self.hints.wanted()).then(|| self.look_for_others());
        if others.is_none() && self.alone.is_none() && !self.is_anchored() {
            self.others = None;
        }
        let anchor = self.keep_anchor();
        [expiry, log, others, anchor].into_iter().flatten().min()
    }
}

impl Writer {
    /// Runs `work` in a write transaction of its own, durable on return.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let log = self.log_file.clone();
        log.as_ref().map_or(Ok(()), LogFile::check)?;
        self.begin()?;
        match work(&self.connection) {
            Ok(value) => {
                self.end()?;
                let synced = log.as_ref().map_or(Ok(()), LogFile::sync);
                synced.map_err(|error| error.with_outcome(Outcome::Unknown))?;
                Ok(value)
            }
            Err(error) => {
                self.roll_back();
                Err(engine(error))
            }
        }
    }

    fn answer(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        // A group is gathered by cells, and two views have different cells for one key.
        if self.options.ocsipersist
            && group.iter().any(|batch| views::in_several_views(batch).next().is_some())
        {
            return self.one_by_one(group);
        }
        match self.together(group) {
            Ok(commits) => commits.into_iter().map(Ok).collect(),
            // One of them may have failed for reasons of its own, and all were rolled back.
            Err(error) if group.len() > 1 && is_own_failure(&error) => self.one_by_one(group),
            Err(error) => group.iter().map(|_| Err(error.duplicate())).collect(),
        }
    }

    /// Whether committing it may take more than microseconds: it ends in a sync, for one.
    fn may_sleep(&self, batch: &Batch) -> bool {
        let short = |op: &Op| match op {
            Op::Key { table, .. } => {
                SqlTable::of(table).is_ok_and(|sql| sql.views().is_none() && !sql.has_long())
            }
            Op::DeleteRange { .. } | Op::Unchanged(_) => false,
        };
        self.options.durability.unwrap_or_default() == Durability::Full
            || self.options.read_only
            // The first commit to an empty log is synced whatever the durability.
            || self.log.is_empty()
            || batch.weight() > SHORT
            || batch.ops.len() > SHORT_KEYS
            || !batch.ops.iter().all(short)
    }

    /// Judges and writes a group in one transaction.
    fn together(&mut self, group: &[Batch]) -> Result<Vec<Commit>> {
        self.begin()?;
        self.judge(group)
    }

    /// Judges and writes a group in the transaction that was begun.
    fn judge(&mut self, group: &[Batch]) -> Result<Vec<Commit>> {
        let writing = &mut Writing { connection: &self.connection, witness: &self.witness };
        match judge(writing, group) {
            Ok(commits) if commits.contains(&Commit::Applied) => self.end().map(|()| commits),
            judged => {
                self.roll_back();
                judged
            }
        }
    }

    fn one_by_one(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        group.iter().map(|batch| self.alone(batch)).collect()
    }

    fn alone(&mut self, batch: &Batch) -> Result<Commit> {
        self.together(std::slice::from_ref(batch)).and_then(only)
    }

    /// Tells those who listen of a batch that was applied.
    fn tell(&mut self, batch: &Batch, answer: &Result<Commit>) {
        self.last_commit = Instant::now();
        if !matches!(answer, Ok(Commit::Applied)) {
            return;
        }
        self.committed = true;
        self.hints.applied(batch);
        if self.options.ocsipersist {
            // Hints of keys are hints of cells.
            for table in views::in_several_views(batch) {
                self.hints.send(Hint::Table(table.name().into()));
            }
        }
    }

    fn begin(&mut self) -> Result<()> {
        if self.options.read_only {
            return Err(Error::new(
                ErrorKind::Config,
                "the store was opened read-only; set `read_only = false` to write",
            ));
        }
        // A snapshot race (`SQLITE_BUSY_SNAPSHOT`) counts as busy too, and begins anew.
        let patience = self.options.busy_timeout;
        patiently(patience, || self.begin_now())
    }

    /// Begins a write transaction, unless it is held already.
    fn begin_now(&mut self) -> rusqlite::Result<()> {
        if !self.connection.is_autocommit() {
            return Ok(());
        }
        execute(&self.connection, "BEGIN IMMEDIATE").inspect_err(|_| {
            // Another process is writing, perhaps.
            if let Some(anchor) = &mut self.anchor {
                anchor.make_way();
            }
        })?;
        if self.alone.is_some() {
            self.notice_others();
        }
        Ok(())
    }

    /// Goes on holding the write lock, if nobody else may write.
    fn hold(&mut self) {
        if self.alone.is_some()
            && let Err(error) = self.begin_now()
        {
            // The next write begins, and waits, by itself.
            tracing::debug!(%error, "the write lock was lost");
        }
    }

    fn keep_log_short(&mut self) -> Option<Duration> {
        let quiet = self.last_commit.elapsed();
        if !self.log.due(quiet) {
            return self.log.next_look(quiet);
        }
        if let Some(alone) = &self.alone {
            // All that keeps the log from beginning anew.
            alone.pool.let_go();
            if let Err(error) = execute(&self.connection, "ROLLBACK") {
                tracing::debug!(%error, "the write lock could not be released");
            }
        }
        if let Some(anchor) = &mut self.anchor {
            anchor.let_go();
        }
        self.log.write_back(&self.connection);
        self.hold();
        None
    }

    /// Commits the transaction.
    fn end(&mut self) -> Result<()> {
        let ended = patiently(self.options.busy_timeout, || execute(&self.connection, "COMMIT"));
        if let Some(alone) = &self.alone {
            // Also after an error, which may have come after the commit.
            alone.commits.another();
        }
        match ended {
            Ok(()) => self.hold(),
            Err(error) => {
                self.roll_back();
                return Err(match error.kind() {
                    // Known to come before the commit is in the log.
                    ErrorKind::NoSpace | ErrorKind::Busy => error,
                    // The log may hold it, for whoever reads the log next.
                    _ => error.with_outcome(Outcome::Unknown),
                });
            }
        }
        Ok(())
    }

    fn roll_back(&mut self) {
        // SQLite may have rolled back by itself.
        if !self.connection.is_autocommit()
            && let Err(error) = execute(&self.connection, "ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        self.hold();
    }

    fn is_anchored(&self) -> bool {
        self.anchor.as_ref().is_some_and(Anchor::is_held)
    }

    /// Sees to the anchor; when to do it again.
    fn keep_anchor(&mut self) -> Option<Duration> {
        let committed = std::mem::take(&mut self.committed);
        let due = self.anchor.as_ref()?.due()?;
        if due.is_zero() {
            self.notice_others();
        }
        let anchor = self.anchor.as_mut()?;
        // Noticing others may have made it way for them.
        if due.is_zero() && anchor.due().is_none_or(|due| due.is_zero()) {
            anchor.look();
        } else if committed {
            anchor.renew();
        }
        anchor.due()
    }

    /// Looks whether other processes have written, and when to look again. This connection's own
    /// writes do not count.
    fn look_for_others(&mut self) -> Duration {
        self.notice_others();
        POLL
    }

    fn notice_others(&mut self) {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut ask| ask.query_row([], |row| row.get(0)));
        let version = version.ok();
        if version.is_none() || version != self.others {
            self.hints.send(Hint::Everything);
            if let Some(alone) = &self.alone {
                alone.commits.another();
            }
            if let Some(anchor) = self.anchor.as_mut().filter(|_| self.others.is_some()) {
                anchor.make_way();
            }
        }
        self.others = version;
    }
}

fn only(commits: Vec<Commit>) -> Result<Commit> {
    let only = commits.into_iter().next();
    only.ok_or_else(|| Error::new(ErrorKind::Backend, "no batch was judged"))
}

/// Whether a failure of a group may be that of one batch of it.
fn is_own_failure(error: &Error) -> bool {
    error.outcome() == Outcome::NotApplied && error.kind() != ErrorKind::Busy
}
