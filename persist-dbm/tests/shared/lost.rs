//! What becomes of calls when their server is lost.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use persist_core::backend::{KeyRange, Marking};
use persist_core::column::{Integer, Text};
use persist_core::{Change, ErrorKind, Outcome, Table};

use crate::store::{PATIENCE, Store};

/// Ends the killing, also when the test fails.
#[derive(Default)]
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Kills the servers of a store, one after the other, until told to end. How many it has killed.
fn killer(store: &Arc<Store>, ended: &Arc<AtomicBool>) -> tokio::task::JoinHandle<u64> {
    let (store, ended) = (Arc::clone(store), Arc::clone(ended));
    tokio::task::spawn_blocking(move || {
        let mut killed = 0;
        while !ended.load(Ordering::Relaxed) {
            // One that serves, and has done so for a while.
            if UnixStream::connect(store.socket()).is_ok() {
                std::thread::sleep(Duration::from_millis(40 + 30 * (killed % 4)));
                store.server().kill();
                killed += 1;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        killed
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_under_way_when_the_server_is_killed_is_applied_once() {
    let store = Arc::new(Store::new());
    let clients = [store.open().await, store.open().await];
    let ended = Ended::default();
    let killer = killer(&store, &ended.0);
    let mut tasks = Vec::new();
    for (number, client) in (0..20).zip(clients.iter().cycle()) {
        let table: Table<Text, Integer> = client.table("t").await.unwrap();
        tasks.push(tokio::spawn(async move {
            for round in 0..100 {
                // Applied twice, this would count twice.
                table.update_or("hot", 0, |n| n + 1).await?;
                // Sent twice and judged twice, this would be told that it lost.
                let won = table.insert_if_absent(&format!("{number} {round}"), 1).await?;
                assert!(won, "a write met itself");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok::<_, persist_core::Error>(())
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    drop(ended);
    assert!(killer.await.unwrap() > 3, "not enough servers were killed");
    let table: Table<Text, Integer> = clients[0].table("t").await.unwrap();
    assert_eq!(table.get("hot").await.unwrap(), Some(2_000));
    assert_eq!(table.len().await.unwrap(), 2_001);
}

#[tokio::test]
async fn reads_are_asked_again_and_snapshots_are_honest() {
    let store = Store::new();
    let backend = store.options().backend().await.unwrap();
    let client = persist_core::Persist::new(Arc::clone(&backend));
    let table: Table<Text, Integer> = client.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    let handle = backend.open_table(client.tables().await.unwrap()[0].spec.clone()).await.unwrap();
    let snapshot = backend.snapshot().await.unwrap();
    let all = KeyRange::all();
    assert_eq!(snapshot.count(&handle, &all, Marking::Skip).await.unwrap().value, 1);
    store.server().kill();
    assert_eq!(table.get("a").await.unwrap(), Some(1));
    let error = snapshot.count(&handle, &all, Marking::Skip).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.outcome(), Outcome::NotApplied);
    assert!(error.to_string().contains("snapshot"), "{error}");
    drop(snapshot);
    let snapshot = backend.snapshot().await.unwrap();
    assert_eq!(snapshot.count(&handle, &all, Marking::Skip).await.unwrap().value, 1);
    // A mark of a server that is gone conflicts, and is not mistaken for another.
    let mark = backend.count(&handle, &all, Marking::Take).await.unwrap().mark.unwrap();
    store.server().kill();
    let batch =
        persist_core::backend::Batch { ops: vec![persist_core::backend::Op::Unchanged(mark)] };
    let conflict = persist_core::backend::Commit::Conflict { which: 0, found: None };
    assert_eq!(backend.commit(batch).await.unwrap(), conflict);
}

#[tokio::test]
async fn a_watch_goes_on_with_the_next_server() {
    let store = Store::new();
    let (watching, writing) = (store.open().await, store.open().await);
    let watched: Table<Text, Integer> = watching.table("t").await.unwrap();
    let written: Table<Text, Integer> = writing.table("t").await.unwrap();
    let mut watch = watched.watch(..).knowing([]).unwrap();
    for round in 0..5 {
        written.insert(&round.to_string(), round).await.unwrap();
        let change = futures_util::StreamExt::next(&mut watch);
        let change = tokio::time::timeout(PATIENCE, change).await.unwrap().unwrap().unwrap();
        assert!(matches!(change, (key, Change::Added(_)) if key == round.to_string()));
        // The watcher asks nothing; it must notice by itself.
        store.server().kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_server_to_be_had_is_told_with_the_true_outcome() {
    let store = Store::new();
    let program = store.path().with_file_name("persist-dbmd");
    std::fs::copy(env!("CARGO_BIN_EXE_persist-dbmd"), &program).unwrap();
    let client = store.options().server_program(&program).open().await.unwrap();
    let table: Table<Text, Integer> = client.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    std::fs::remove_file(&program).unwrap();
    let writes = (0..50).map(|n| {
        let table = table.clone();
        async move { Ok::<_, ()>(table.insert(&n.to_string(), n).await) }
    });
    let writes = tokio::spawn(try_join_all(writes.collect::<Vec<_>>()));
    store.server().kill();
    let ended = writes.await.unwrap().unwrap();
    let error = table.insert("b", 1).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotApplied));
    std::fs::copy(env!("CARGO_BIN_EXE_persist-dbmd"), &program).unwrap();
    for (n, ended) in (0..).zip(ended) {
        let found = table.get(&n.to_string()).await.unwrap();
        match ended {
            Ok(()) => assert_eq!(found, Some(n)),
            Err(error) if error.outcome() == Outcome::NotApplied => assert_eq!(found, None),
            Err(error) => assert_eq!(error.outcome(), Outcome::Unknown, "{error}"),
        }
    }
}
