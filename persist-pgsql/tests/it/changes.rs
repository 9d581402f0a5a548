//! Changes by other programs.

use std::time::Duration;

use futures_util::StreamExt;
use persist_core::backend::Hint;
use persist_core::column::{Integer, Text};
use persist_core::{Persist, Table};

use crate::support::{connect, fresh, options, until};

const LISTENERS: &str = "SELECT count(*)::text FROM pg_locks \
    WHERE locktype = 'advisory' AND objid = 4294967295 AND mode = 'ShareLock' AND granted \
    AND classid = (SELECT oid FROM pg_class WHERE relname = '__persist_registry' \
                   AND relnamespace = to_regnamespace('SCHEMA'))";

/// What the server's channels hold is seen by who listens to one by hand.
#[tokio::test]
async fn told_only_while_somebody_listens() {
    let schema = fresh("told");
    let (writer, watcher) = (options(&schema), options(&schema));
    let writer = writer.open().await.unwrap();
    let watcher = watcher.backend().await.unwrap();
    let table: Table<Text, Integer> = writer.table("t").await.unwrap();
    let mut sql = connect().await;
    let listeners = LISTENERS.replace("SCHEMA", &schema);
    assert_eq!(sql.text(&*listeners).await, "0");
    let registry = format!("SELECT '{schema}.__persist_registry'::regclass::oid::text");
    let channel = format!("persist_{}", sql.text(registry).await);
    let url = persist_servers::Postgres::shared_url().unwrap();
    let mut by_hand = sqlx::postgres::PgListener::connect(&url).await.unwrap();
    by_hand.listen(&channel).await.unwrap();
    table.insert("nobody", 1).await.unwrap();
    let mut batch = writer.batch();
    batch.insert(&table, "nobody", 1).unwrap().remove(&table, "x").unwrap();
    let _ = batch.commit().await.unwrap();
    let mut changes = watcher.changes();
    assert_eq!(changes.next().await, Some(Hint::Everything));
    assert_eq!(sql.text(&*listeners).await, "1");
    table.insert("somebody", 1).await.unwrap();
    let keys = |key: &str| -> std::sync::Arc<[_]> {
        std::sync::Arc::from([persist_core::backend::Cell::Text(key.to_owned())])
    };
    let hint = Hint::Keys { table: "t".into(), keys: keys("somebody") };
    assert_eq!(changes.next().await, Some(hint));
    let mut batch = writer.batch();
    batch.insert(&table, "several", 1).unwrap().remove(&table, "somebody").unwrap();
    let _ = batch.commit().await.unwrap();
    assert!(matches!(changes.next().await, Some(Hint::Keys { keys, .. }) if keys.len() == 2));
    // Nothing was sent before: these two are what is in the channel.
    assert!(by_hand.recv().await.unwrap().payload().len() < 200);
    assert!(by_hand.recv().await.unwrap().payload().len() < 200);
    drop(changes);
    drop(watcher);
    until(async || sql.text(&*listeners).await == "0").await;
    table.insert("nobody", 2).await.unwrap();
    let more = tokio::time::timeout(Duration::from_millis(200), by_hand.recv()).await;
    assert!(more.is_err(), "something was sent to nobody");
}

#[tokio::test]
async fn a_listener_that_was_cut_off_is_told_everything() {
    let schema = fresh("cut");
    let writer = options(&schema).open().await.unwrap();
    let watcher = options(&schema).application_name(&*schema).backend().await.unwrap();
    let table: Table<Text, Integer> = writer.table("t").await.unwrap();
    let mut changes = watcher.changes();
    assert_eq!(changes.next().await, Some(Hint::Everything));
    for round in 0..3 {
        let mut sql = connect().await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name";
        sql.run(format!("{end} = '{schema}'")).await;
        table.insert("a", round).await.unwrap();
        assert_eq!(changes.next().await, Some(Hint::Everything));
        // Registered again, it is told by name again.
        until(async || {
            table.insert("b", round).await.unwrap();
            matches!(changes.next().await, Some(Hint::Keys { .. }))
        })
        .await;
    }
}

#[tokio::test]
async fn without_listening_changes_are_looked_for() {
    let schema = fresh("polled");
    let writer = options(&schema).open().await.unwrap();
    let poll = options(&schema).listen(false).poll_interval(Duration::from_millis(20));
    let watcher = poll.backend().await.unwrap();
    let table: Table<Text, Integer> = writer.table("t").await.unwrap();
    let seen: Table<Text, Integer> = Persist::new(watcher.clone()).table("t").await.unwrap();
    let mut changes = watcher.changes();
    for round in 0..5 {
        table.insert("a", round).await.unwrap();
        until(async || {
            assert!(changes.next().await.is_some());
            seen.get("a").await.unwrap() == Some(round)
        })
        .await;
    }
}
