//! Servers that die, connections that are cut: what was acknowledged is there, and every outcome
//! is told truly.

mod proxy;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use persist_core::column::{Integer, Text};
use persist_core::{Committed, ErrorKind, Outcome, Persist, Table};
use persist_servers::Postgres;
use tokio::task::JoinHandle;

use crate::support::{Sql, at, fails, until};
use proxy::{Proxy, WORD};

type Numbers = Table<Text, Integer>;

/// What writers were told, by key.
#[derive(Debug, Default)]
struct Told {
    applied: HashSet<String>,
    not_applied: HashSet<String>,
    unknown: HashSet<String>,
}

/// Writers that go on whatever happens, each key once, until they are stopped.
struct Writers {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Told>>,
}

impl Writers {
    fn start(store: &Persist, left: &Numbers, right: &Numbers) -> Self {
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let tasks = (0..8).map(|task| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            let (store, left, right) = (store.clone(), left.clone(), right.clone());
            tokio::spawn(async move {
                let mut told = Told::default();
                for n in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let key = format!("t{task}n{n:06}");
                    let written = match task % 4 {
                        0 => left.insert(&key, n).await,
                        1 => left.insert_if_absent(&key, n).await.map(|new| assert!(new, "{key}")),
                        _ => both(&store, &left, &right, &key, n).await,
                    };
                    match written.map_err(|error| (error.outcome(), error.kind())) {
                        Ok(()) => told.applied.insert(key),
                        Err((Outcome::NotApplied, kind)) => {
                            assert!(
                                matches!(kind, ErrorKind::Unavailable | ErrorKind::Conflict),
                                "{kind:?}"
                            );
                            told.not_applied.insert(key)
                        }
                        Err((Outcome::Unknown, _)) => told.unknown.insert(key),
                        Err((outcome, kind)) => panic!("{outcome:?} {kind:?}"),
                    };
                    done.fetch_add(1, Ordering::SeqCst);
                }
                told
            })
        });
        Self { tasks: tasks.collect(), stop, done }
    }

    /// Waits until so many more writes have ended.
    async fn more(&self, writes: usize) {
        let target = self.done.load(Ordering::SeqCst) + writes;
        until(async || self.done.load(Ordering::SeqCst) >= target).await;
    }

    async fn end(self) -> Told {
        self.stop.store(true, Ordering::SeqCst);
        let mut told = Told::default();
        for task in self.tasks {
            let more = task.await.unwrap();
            told.applied.extend(more.applied);
            told.not_applied.extend(more.not_applied);
            told.unknown.extend(more.unknown);
        }
        told
    }
}

/// A batch over two tables, which expects something.
async fn both(
    store: &Persist,
    left: &Numbers,
    right: &Numbers,
    key: &str,
    n: i64,
) -> persist_core::Result<()> {
    let mut batch = store.batch();
    batch.insert(left, key, n)?.insert(right, key, n)?;
    assert_eq!(batch.commit().await?, Committed::Applied);
    Ok(())
}

async fn keys(table: &Numbers) -> HashSet<String> {
    table.range(..).stream().map_ok(|(key, _)| key).try_collect().await.unwrap()
}

async fn told_truly(store: &Persist, told: &Told) {
    let left = keys(&store.table("left").await.unwrap()).await;
    let right = keys(&store.table("right").await.unwrap()).await;
    let lost: Vec<_> = told.applied.difference(&left).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let made_up: Vec<_> = told.not_applied.intersection(&left).collect();
    assert!(made_up.is_empty(), "said not to be applied: {made_up:?}");
    for key in left.iter().filter(|key| matches!(key.as_bytes()[1], b'2' | b'3' | b'6' | b'7')) {
        assert!(right.contains(key), "{key} is torn");
    }
    assert!(right.is_subset(&left), "torn");
}

async fn open(url: &str) -> (Persist, Numbers, Numbers) {
    let store = at(url, "public").open().await.unwrap();
    let (left, right) = (store.table("left").await.unwrap(), store.table("right").await.unwrap());
    (store, left, right)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_killed_and_started_again_in_the_middle_of_writes() {
    let server = Postgres::start().unwrap();
    let (store, left, right) = open(&server.url()).await;
    let writers = Writers::start(&store, &left, &right);
    for _ in 0..3 {
        writers.more(300).await;
        server.kill().unwrap();
        server.restart().unwrap();
    }
    writers.more(300).await;
    let told = writers.end().await;
    // The store that went through all of it still works, and a new one sees the same.
    told_truly(&store, &told).await;
    told_truly(&open(&server.url()).await.0, &told).await;
    assert!(!told.applied.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_connections_are_ended_by_the_server_again_and_again() {
    let server = Postgres::start().unwrap();
    let (store, left, right) = open(&server.url()).await;
    let writers = Writers::start(&store, &left, &right);
    let mut sql = Sql::to(&server.url()).await;
    for _ in 0..10 {
        writers.more(100).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity";
        sql.run(format!("{end} WHERE application_name = 'persist'")).await;
        // Reads are made again by themselves.
        left.len().await.unwrap();
        left.get("t0n000000").await.unwrap();
    }
    writers.more(100).await;
    told_truly(&store, &writers.end().await).await;
    // Connections that were lost while they were idle fail nobody.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity";
        sql.run(format!("{end} WHERE application_name = 'persist'")).await;
        left.insert("idle", 1).await.unwrap();
        both(&store, &left, &right, "idle too", 1).await.unwrap();
        left.get("idle").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_cut_while_a_commit_is_under_way() {
    let server = Postgres::builder().tcp().start().unwrap();
    let proxy = Proxy::start(server.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    let (store, left, right) = open(&url).await;
    let writers = Writers::start(&store, &left, &right);
    for _ in 0..10 {
        writers.more(50).await;
        proxy.cut();
    }
    writers.more(100).await;
    told_truly(&store, &writers.end().await).await;
}

/// The answer to `COMMIT` never comes: the server is asked for the number of the transaction, and
/// knows that it was committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_known_to_be_applied() {
    let server = Postgres::builder().tcp().start().unwrap();
    let proxy = Proxy::start(server.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    let (store, left, right) = open(&url).await;
    for n in 0..5 {
        both(&store, &left, &right, "before", n).await.unwrap();
        proxy.cut_after_commit();
        both(&store, &left, &right, &format!("k{n}"), n).await.unwrap();
        assert_eq!(proxy.were_cut(), usize::try_from(n).unwrap() + 1);
        assert_eq!(right.get(&format!("k{n}")).await.unwrap(), Some(n));
    }
    // One statement alone has no number to ask for.
    proxy.cut_after_word();
    let error = left.insert(WORD, 1).await.unwrap_err();
    assert_eq!(proxy.were_cut(), 6);
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(!error.is_retryable());
}

/// `COMMIT` never reaches the server: that is found out, and the batch is made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_lost_is_made_again() {
    let server = Postgres::builder().tcp().start().unwrap();
    let proxy = Proxy::start(server.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    let (store, left, right) = open(&url).await;
    for n in 0..5 {
        proxy.cut_before_commit();
        let key = format!("k{n}");
        both(&store, &left, &right, &key, n).await.unwrap();
        assert_eq!(proxy.were_cut(), usize::try_from(n).unwrap() + 1);
        assert_eq!(left.get(&key).await.unwrap(), Some(n));
    }
}

/// As a server does that is going down, or a proxy before it.
#[tokio::test]
async fn one_who_hangs_up_without_a_word_is_asked_again() {
    let server = Postgres::builder().tcp().start().unwrap();
    let proxy = Proxy::start(server.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    proxy.refuse(3);
    let (store, left, _) = open(&url).await;
    assert_eq!(proxy.refusals(), 0);
    proxy.cut();
    proxy.refuse(3);
    left.insert("a", 1).await.unwrap();
    assert_eq!(proxy.refusals(), 0);
    assert_eq!(left.get("a").await.unwrap(), Some(1));
    // If it never speaks, that is told.
    proxy.cut();
    proxy.refuse(usize::MAX);
    let hasty = at(&url, "public").acquire_timeout(Duration::from_millis(300));
    fails(hasty.open().await, ErrorKind::Unavailable, &["is it running?", "300ms"]);
    drop(store);
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_and_waited_for() {
    let server = Postgres::start().unwrap();
    let options = at(&server.url(), "public").acquire_timeout(Duration::from_millis(500));
    let store = options.open().await.unwrap();
    let table: Numbers = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    server.kill().unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    fails(table.insert("a", 2).await, ErrorKind::Unavailable, &["`acquire_timeout` (500ms)"]);
    fails(table.get("a").await, ErrorKind::Unavailable, &["`acquire_timeout`", "postgres"]);
    server.restart().unwrap();
    assert_eq!(table.get("a").await.unwrap(), Some(1));
    table.insert("a", 2).await.unwrap();
    // One that comes back in time is only waited for.
    let patient = at(&server.url(), "public").open().await.unwrap();
    let table: Numbers = patient.table("t").await.unwrap();
    server.kill().unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let write = tokio::spawn({
        let table = table.clone();
        async move { table.insert("a", 3).await }
    });
    let read = tokio::spawn(async move { table.get("a").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.restart().unwrap();
    write.await.unwrap().unwrap();
    read.await.unwrap().unwrap();
}
