//! How servers begin and end.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use std::{fs, process};

use persist_core::column::{Integer, Text};
use persist_core::{Durability, ErrorKind, Persist, Table};
use persist_dbm::Options;
use rustix::process::Signal;

use crate::child::Child;
use crate::store::{Server, Store, until};

async fn counter(store: &Persist) -> i64 {
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.update_or("n", 0, |n| n + 1).await.unwrap()
}

#[test]
fn ten_processes_that_start_at_once_have_one_server() {
    let store = Store::new();
    let mut children: Vec<_> = (0..10).map(|_| Child::start(&store.path(), "open")).collect();
    for child in &mut children {
        assert_eq!(child.line().as_deref(), Some("open"));
    }
    let started = store.log().matches("serving").count();
    assert_eq!(started, 1, "{}", store.log());
    assert!(store.server().lives());
}

#[tokio::test]
async fn a_server_leaves_when_it_was_idle_and_takes_its_socket_along() {
    let store = Store::new();
    let open = || store.options().idle_time(Duration::from_millis(100)).open();
    let first = open().await.unwrap();
    assert_eq!(counter(&first).await, 1);
    let server = store.server();
    // It stays as long as somebody is there, however idle.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(server.lives() && store.socket().exists());
    first.close().await.unwrap();
    until("the server leaves", || !server.lives());
    assert!(!store.socket().exists());
    let second = open().await.unwrap();
    assert_eq!(counter(&second).await, 2);
    assert_ne!(store.server(), server);
}

#[tokio::test]
async fn clients_that_come_while_servers_leave_lose_nothing() {
    let store = Store::new();
    let mut servers = std::collections::BTreeSet::new();
    for round in 1..=40 {
        let open = store.options().idle_time(Duration::ZERO).open();
        let client = open.await.unwrap();
        assert_eq!(counter(&client).await, round);
        let server = store.server();
        client.close().await.unwrap();
        if round % 4 == 0 {
            // Who comes at once may always be in time to keep it.
            until("the server leaves", || !server.lives());
        }
        servers.insert(server);
    }
    assert!(servers.len() >= 10, "no server has left");
}

#[tokio::test]
async fn the_socket_of_a_killed_server_is_no_obstacle() {
    let store = Store::new();
    let first = store.open().await;
    assert_eq!(counter(&first).await, 1);
    store.server().kill();
    assert!(store.socket().exists());
    drop(first);
    assert_eq!(counter(&store.open().await).await, 2);
}

#[tokio::test]
async fn a_server_told_to_end_ends_well_and_the_next_call_has_another_one() {
    let store = Store::new();
    let client = store.open().await;
    assert_eq!(counter(&client).await, 1);
    let server = store.server();
    server.signal(Signal::TERM);
    until("the server ends", || !server.lives());
    assert_eq!(counter(&client).await, 2);
    assert_eq!(store.log().matches("ended").count(), 1, "{}", store.log());
}

#[tokio::test]
async fn a_server_is_a_daemon() {
    let store = Store::new();
    let client = store.open().await;
    let server = store.server();
    let stat = server.stat().unwrap();
    let (parent, group, session) = (&stat[1], &stat[2], &stat[3]);
    assert_ne!(*parent, process::id().to_string());
    assert_eq!((group, session), (&server.id().to_string(), &server.id().to_string()));
    assert_eq!(server.link("cwd"), Path::new("/"));
    assert_eq!(server.link("fd/0"), Path::new("/dev/null"));
    assert_eq!(server.link("fd/1"), Path::new("/dev/null"));
    assert_eq!(server.link("fd/2"), store.path().join("dbmd.log"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store.path()), 0o750);
    assert_eq!(mode(&store.socket()), 0o600);
    for file in fs::read_dir(store.path()).unwrap() {
        let file = file.unwrap();
        let mode = mode(&file.path());
        assert_eq!(mode & 0o027, 0, "{}: {mode:o}", file.path().display());
    }
    drop(client);
}

#[tokio::test]
async fn the_path_of_a_store_may_be_long() {
    let store = Store::new();
    let deep = store.path().with_file_name("a".repeat(200));
    let open = || crate::subject::options(&deep).open();
    let (one, other) = (open().await.unwrap(), open().await.unwrap());
    assert_eq!((counter(&one).await, counter(&other).await), (1, 2));
    Server::of(&deep).kill();
    assert_eq!(counter(&one).await, 3);
}

#[tokio::test]
async fn a_missing_server_program_is_told_with_the_remedy() {
    let store = Store::new();
    let error = store.options().server_program("/nowhere/persist-dbmd").open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("/nowhere/persist-dbmd"), "{error}");
    // Neither beside this program nor in PATH.
    let error = Options::new(store.path()).shared(true).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("cargo install persist-dbm"), "{error}");
    let error = store.options().server_program("/bin/true").open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("/bin/true"), "{error}");
}

#[tokio::test]
async fn why_a_server_cannot_start_reaches_the_client() {
    let store = Store::new();
    let log = store.path().join("no").join("log");
    let error = store.options().error_log_path(&log).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains(log.to_str().unwrap()), "{error}");
    fs::write(store.path().with_file_name("file"), "").unwrap();
    let within = store.path().with_file_name("file").join("store");
    let error = crate::subject::options(&within).open().await.unwrap_err();
    assert!(error.to_string().contains(within.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn full_durability_is_not_promised_by_a_relaxed_server() {
    let store = Store::new();
    let relaxed = store.options().durability(Durability::Relaxed).open().await.unwrap();
    assert_eq!(counter(&relaxed).await, 1);
    let error = store.options().open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("relaxed"), "{error}");
}

#[tokio::test]
async fn loading_may_be_delayed_and_then_the_first_use_reports() {
    let store = Store::new();
    let good = store.options().delay_loading(true).open().await.unwrap();
    assert_eq!(counter(&good).await, 1);
    let bad = store.options().server_program("/nowhere").delay_loading(true);
    store.server().kill();
    let bad = bad.open().await.unwrap();
    let error = bad.tables().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}
