//! A program that is its own server. Not a test of the harness, since it must have its own `main`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use persist_core::Table;
use persist_core::column::{Integer, Text};
use persist_dbm::Options;

fn main() {
    persist_dbm::serve_if_asked();
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let open = || Options::new(&store).shared(true).open();
        let (one, other) = (open().await.unwrap(), open().await.unwrap());
        for (client, expected) in [(&one, 1), (&other, 2), (&one, 3)] {
            let table: Table<Text, Integer> = client.table("t").await.unwrap();
            assert_eq!(table.update_or("n", 0, |n| n + 1).await.unwrap(), expected);
        }
    });
    let owner = fs::read_to_string(store.join("persist-dbm.lock")).unwrap();
    let server = owner.trim().strip_prefix("process ").unwrap();
    assert_ne!(server, std::process::id().to_string());
    let program = fs::read_link(format!("/proc/{server}/exe")).unwrap();
    assert_eq!(program, std::env::current_exe().unwrap());
}
