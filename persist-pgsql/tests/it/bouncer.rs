//! With the setting for `PgBouncer` in transaction mode: nothing is kept on a connection.

use futures_util::future::join_all;
use persist_core::column::{Bytes, Integer, Text};
use persist_core::{Error, Table};

use crate::support::{connect, fresh, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_and_nothing_stays_behind() {
    let name = fresh("bouncer");
    let shared = options(&name).pgbouncer(true).application_name(&*name);
    let backend = shared.backend().await.unwrap();
    let store = persist_core::Persist::new(backend.clone());
    let mut changes = backend.changes();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    let updates = (0..50).map(|_| table.update_or("n", 0, |n| n + 1));
    assert_eq!(join_all(updates).await.into_iter().map(Result::unwrap).max(), Some(50));
    let inserts: Vec<String> = (0..300).map(|n| format!("k{n:03}")).collect();
    for done in join_all(inserts.iter().map(|key| table.insert(key, 1))).await {
        done.unwrap();
    }
    assert!(!table.insert_if_absent("n", 7).await.unwrap());
    assert!(table.remove("k000").await.unwrap());
    assert_eq!(join_all(inserts.iter().map(|key| table.get(key))).await.len(), 300);
    assert_eq!(table.len().await.unwrap(), 300);
    let sum = table.range(..).snapshot().fold(0, async |sum, _, n| Ok::<_, Error>(sum + n));
    assert_eq!(sum.await.unwrap(), 349);
    let moved = store.transact(|tx| {
        let table = table.clone();
        async move {
            let n = tx.range(&table, "k".."l").count().await?;
            tx.insert(&table, "n", i64::try_from(n).unwrap_or_default())?;
            Ok::<_, Error>(n)
        }
    });
    assert_eq!(moved.await.unwrap(), 299);
    let blobs: Table<Bytes, Bytes> = store.table("blobs").await.unwrap();
    blobs.insert(&[0, 255], &vec![7; 100_000]).await.unwrap();
    assert!(futures_util::StreamExt::next(&mut changes).await.is_some());
    // Of this server's sessions, none has a lock or a prepared statement; nor is one in the middle
    // of a transaction.
    let mut sql = connect().await;
    let of = format!("FROM pg_stat_activity WHERE application_name = '{name}'");
    crate::support::until(async || {
        sql.texts(format!("SELECT DISTINCT state {of}")).await == ["idle"]
    })
    .await;
    let locks = format!("SELECT count(*)::text FROM pg_locks WHERE pid IN (SELECT pid {of})");
    assert_eq!(sql.text(locks).await, "0");
    assert!(store.drop_table("t").await.unwrap());
}
