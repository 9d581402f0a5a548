//! Few connections, many tasks.

use std::time::Duration;

use futures_util::future::join_all;
use persist_core::backend::{Direction, KeyRange, Marking};
use persist_core::column::{Integer, Text};
use persist_core::{Error, ErrorKind, Persist, Table};
use persist_pgsql::Options;
use tokio::runtime::Runtime;

use crate::support::{connect, fails, fresh, options, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tasks_over_four_connections_beside_snapshots() {
    let options = options(&fresh("crowd")).size_conn_pool(4).snapshots(8);
    let backend = options.acquire_timeout(Duration::from_secs(20)).backend().await.unwrap();
    let store = Persist::new(backend.clone());
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    for n in 0..50 {
        table.insert(&format!("k{n:02}"), n).await.unwrap();
    }
    let spec = store.tables().await.unwrap().remove(0).spec;
    let handle = backend.open_table(spec).await.unwrap();
    let held = join_all((0..8).map(|_| backend.snapshot())).await;
    let held: Vec<_> = held.into_iter().map(Result::unwrap).collect();
    fails(backend.snapshot().await, ErrorKind::Busy, &["8 snapshots", "`snapshots`"]);
    let tasks = (0..200_i64).map(|task| {
        let (store, table) = (store.clone(), table.clone());
        tokio::spawn(async move {
            let key = format!("k{:02}", task % 50);
            for _ in 0..5 {
                table.update_or(&key, 0, |n| n + 1).await.unwrap();
                table.get(&key).await.unwrap();
                table.range(key.as_str()..).limit(10).count().await.unwrap();
                let all = table.range(..).fold(0, async |sum, _, n| Ok::<_, Error>(sum + n));
                all.await.unwrap();
                store.tables().await.unwrap();
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    for snapshot in &held {
        let (range, limit) = (KeyRange::all(), 100);
        let page = snapshot.scan(&handle, &range, Direction::Forward, limit, Marking::Skip);
        assert_eq!(page.await.unwrap().value.rows.len(), 50);
    }
    assert_eq!(
        table.range(..).fold(0, async |sum, _, n| Ok::<_, Error>(sum + n)).await.unwrap(),
        2225
    );
}

/// A connection is lent to the runtime that it was made on, and yet there are no more for that.
#[tokio::test]
async fn many_runtimes_have_no_more_connections_than_one() {
    let schema = fresh("runtimes");
    let options = options(&schema).size_conn_pool(4).application_name(&schema);
    let store = options.open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    let mut sql = connect().await;
    let count =
        format!("SELECT count(*)::text FROM pg_stat_activity WHERE application_name = '{schema}'");
    for _ in 0..3 {
        let runtimes: Vec<_> = (0..3).map(|_| Runtime::new().unwrap()).collect();
        let mut tasks = Vec::new();
        for runtime in &runtimes {
            tasks.extend((0..20).map(|_| {
                let table = table.clone();
                runtime.spawn(async move {
                    for _ in 0..20 {
                        assert_eq!(table.get("a").await.unwrap(), Some(1));
                        assert_eq!(table.len().await.unwrap(), 1);
                    }
                })
            }));
        }
        // One that was lost with its runtime takes a moment to end.
        until(async || sql.text(&count).await.parse::<u8>().unwrap() <= 4).await;
        for task in tasks {
            task.await.unwrap();
        }
        runtimes.into_iter().for_each(Runtime::shutdown_background);
    }
    assert_eq!(table.get("a").await.unwrap(), Some(1));
}

#[tokio::test]
async fn an_exhausted_pool_says_what_is_short() {
    let schema = fresh("short");
    let open = |options: Options| options.acquire_timeout(Duration::from_millis(300)).open();
    let store = open(options(&schema).size_conn_pool(2)).await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    let mut sql = connect().await;
    sql.run(format!("BEGIN; LOCK TABLE \"{schema}\".t")).await;
    let stuck = tokio::spawn({
        let table = table.clone();
        async move { table.len().await }
    });
    // The one reading connection waits for the lock by then.
    let waits = "SELECT count(*)::text FROM pg_locks WHERE NOT granted";
    let mut other = connect().await;
    until(async || other.text(waits).await != "0").await;
    let late = fails(
        table.len().await,
        ErrorKind::Timeout,
        &["a count", "1 reading connections", "`size_conn_pool` (2)", "`acquire_timeout` (300ms)"],
    );
    assert!(late.is_retryable());
    sql.run("COMMIT").await;
    assert_eq!(stuck.await.unwrap().unwrap(), 0);
    assert_eq!(table.len().await.unwrap(), 0);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_and_harms_nobody() {
    let schema = fresh("late");
    let options = options(&schema).statement_timeout(Duration::from_millis(300));
    let store = options.open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    let mut sql = connect().await;
    sql.run(format!("BEGIN; SELECT * FROM \"{schema}\".t FOR UPDATE")).await;
    fails(table.insert("a", 2).await, ErrorKind::Timeout, &["`statement_timeout`"]);
    fails(table.replace("a", 2).await, ErrorKind::Timeout, &["`statement_timeout`"]);
    sql.run("COMMIT").await;
    assert_eq!(table.get("a").await.unwrap(), Some(1));
    table.insert("a", 2).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_that_is_too_old_says_so_and_frees_its_place() {
    let options = options(&fresh("old")).snapshots(1);
    let backend = options.snapshot_max_age(Duration::from_millis(200)).backend().await.unwrap();
    let store = Persist::new(backend.clone());
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    let spec = store.tables().await.unwrap().remove(0).spec;
    let handle = backend.open_table(spec).await.unwrap();
    let snapshot = backend.snapshot().await.unwrap();
    until(async || snapshot.count(&handle, &KeyRange::all(), Marking::Skip).await.is_err()).await;
    let read = snapshot.count(&handle, &KeyRange::all(), Marking::Skip).await;
    fails(read, ErrorKind::Timeout, &["`snapshot_max_age`"]);
    until(async || backend.snapshot().await.is_ok()).await;
}

#[tokio::test]
async fn a_table_that_a_snapshot_has_read_can_be_dropped() {
    let backend = options(&fresh("dropped")).backend().await.unwrap();
    let store = Persist::new(backend.clone());
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    let spec = store.tables().await.unwrap().remove(0).spec;
    let handle = backend.open_table(spec).await.unwrap();
    let snapshot = backend.snapshot().await.unwrap();
    let count = snapshot.count(&handle, &KeyRange::all(), Marking::Skip).await.unwrap().value;
    assert_eq!(count, 1);
    assert!(store.drop_table("t").await.unwrap());
    fails(table.get("a").await, ErrorKind::NotFound, &["dropped"]);
    drop(snapshot);
}
