//! Groups that are made durable beside the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::poll;

use super::super::{Engine, GroupCommit, Syncer};
use crate::backend::{Batch, Commit};
use crate::{Error, ErrorKind, Outcome, Result};

/// As many as are worth two groups, and more.
const WRITERS: usize = 64;

#[derive(Default)]
struct Disk {
    committed: AtomicUsize,
    synced: AtomicUsize,
    /// How many syncs there were.
    syncs: AtomicUsize,
    /// How many groups have come.
    groups: AtomicUsize,
    /// While it is set, no commit ends.
    holds_commits: AtomicBool,
    /// While it is set, no sync ends but the first.
    holds_syncs: AtomicBool,
    is_full: AtomicBool,
}

struct Counting(Arc<Disk>);

impl Engine for Counting {
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        self.0.groups.fetch_add(1, SeqCst);
        wait_until("the commit is let go", || !self.0.holds_commits.load(SeqCst));
        self.0.committed.fetch_add(group.len(), SeqCst);
        group.iter().map(|_| Ok(Commit::Applied)).collect()
    }

    fn syncer(&mut self) -> Result<Option<Syncer>> {
        let disk = Arc::clone(&self.0);
        Ok(Some(Box::new(move || {
            let committed = disk.committed.load(SeqCst);
            let is_first = disk.syncs.fetch_add(1, SeqCst) == 0;
            wait_until("the sync is let go", || is_first || !disk.holds_syncs.load(SeqCst));
            if disk.is_full.load(SeqCst) {
                return Err(Error::new(ErrorKind::NoSpace, "the disk is full"));
            }
            disk.synced.store(committed, SeqCst);
            Ok(())
        })))
    }
}

fn start() -> (Arc<Disk>, GroupCommit<Counting>) {
    let disk = Arc::new(Disk::default());
    let commits = GroupCommit::start("test", Counting(Arc::clone(&disk))).unwrap();
    (disk, commits)
}

fn batch() -> Batch {
    Batch { ops: Vec::new() }
}

/// Far longer than anything here takes: it is the end of a test that would hang.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_mins(1), "not within a minute: {what}");
        thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_answered_before_he_is_synced() {
    let (disk, commits) = start();
    let answered = AtomicUsize::new(0);
    let writer = |_| async {
        for _ in 0..20 {
            assert_eq!(commits.commit(batch()).await.unwrap(), Commit::Applied);
            let answered = answered.fetch_add(1, SeqCst) + 1;
            assert!(disk.synced.load(SeqCst) >= answered, "an answer came before the sync");
        }
    };
    join_all((0..WRITERS).map(writer)).await;
}

#[tokio::test]
async fn the_next_group_does_not_wait_for_a_sync() {
    let (disk, commits) = start();
    disk.holds_commits.store(true, SeqCst);
    disk.holds_syncs.store(true, SeqCst);
    let mut first = commits.commit(batch());
    assert!(poll!(&mut first).is_pending());
    wait_until("the first one is a group by himself", || disk.groups.load(SeqCst) == 1);
    let mut others: Vec<_> = (1..WRITERS).map(|_| commits.commit(batch())).collect();
    for other in &mut others {
        assert!(poll!(other).is_pending());
    }
    // His group tells how many there are, so they are two groups.
    disk.holds_commits.store(false, SeqCst);
    assert_eq!(first.await.unwrap(), Commit::Applied);
    wait_until("both groups are committed", || disk.committed.load(SeqCst) == WRITERS);
    assert_eq!(disk.groups.load(SeqCst), 3);
    assert_eq!(disk.synced.load(SeqCst), 1);
    for other in &mut others {
        assert!(poll!(other).is_pending(), "an answer came before the sync");
    }
    disk.holds_syncs.store(false, SeqCst);
    for answer in join_all(others).await {
        assert_eq!(answer.unwrap(), Commit::Applied);
    }
    assert_eq!(disk.synced.load(SeqCst), WRITERS);
    assert!(disk.syncs.load(SeqCst) <= 3, "{} syncs", disk.syncs.load(SeqCst));
}

#[tokio::test]
async fn a_lone_writer_pays_for_one_sync_a_write() {
    let (disk, commits) = start();
    for _ in 0..5 {
        commits.commit(batch()).await.unwrap();
    }
    assert_eq!(disk.syncs.load(SeqCst), 5);
    assert_eq!(disk.synced.load(SeqCst), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_sync_nothing_is_committed() {
    let (disk, commits) = start();
    join_all((0..WRITERS).map(|_| commits.commit(batch()))).await;
    disk.is_full.store(true, SeqCst);
    let mut last = 0;
    for round in 0..3 {
        for answer in join_all((0..WRITERS).map(|_| commits.commit(batch()))).await {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
            // What came to the engine before the failure was known may be on the disk.
            assert!(round == 0 || error.outcome() == Outcome::NotApplied, "{error}");
        }
        let committed = disk.committed.load(SeqCst);
        assert!(round == 0 || committed == last, "something was committed behind a hole");
        last = committed;
    }
    // A disk with space again does not fill the hole.
    disk.is_full.store(false, SeqCst);
    let error = commits.commit(batch()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NoSpace, Outcome::NotApplied));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_waits_until_everybody_is_answered() {
    let (disk, commits) = start();
    let mut writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(commits.commit(batch()))).collect();
    // The first one has come, and with him the others.
    while disk.committed.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    commits.close().await;
    for writer in &mut writers {
        match writer.await.unwrap() {
            Ok(commit) => assert_eq!(commit, Commit::Applied),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Closed, "{error}"),
        }
    }
    assert_eq!(disk.synced.load(SeqCst), disk.committed.load(SeqCst));
}

struct Panicking;

impl Engine for Panicking {
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        group.iter().map(|_| Ok(Commit::Applied)).collect()
    }

    fn syncer(&mut self) -> Result<Option<Syncer>> {
        Ok(Some(Box::new(|| panic!("the syncer has a fault"))))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_that_the_syncer_has_panicked() {
    let commits = GroupCommit::start("test", Panicking).unwrap();
    for _ in 0..3 {
        for answer in join_all((0..WRITERS).map(|_| commits.commit(batch()))).await {
            let error = answer.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Backend | ErrorKind::Closed), "{error}");
        }
    }
}
