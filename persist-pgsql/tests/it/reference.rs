//! The defects of the reference, which this backend must not have.

use std::sync::Arc;

use persist_core::column::{Integer, Text};
use persist_core::{Error, ErrorKind, Table};

use crate::support::{connect, fails, fresh, options, store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_of_many_tasks_and_two_stores_lose_nothing() {
    let (one, schema) = store("updates").await;
    let two = options(&schema).open().await.unwrap();
    let mut tasks = Vec::new();
    for store in [&one, &two] {
        let table: Table<Text, Integer> = store.table("t").await.unwrap();
        for _ in 0..16 {
            let table = table.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..25 {
                    table.update_or("n", 0, |n| n + 1).await.unwrap();
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let table: Table<Text, Integer> = one.table("t").await.unwrap();
    assert_eq!(table.get("n").await.unwrap(), Some(2 * 16 * 25));
}

#[tokio::test]
async fn len_counts() {
    let (store, _) = store("len").await;
    let table: Table<Integer, Integer> = store.table("t").await.unwrap();
    assert_eq!(table.len().await.unwrap(), 0);
    for n in 0..7 {
        table.insert(n, n).await.unwrap();
    }
    assert_eq!(table.len().await.unwrap(), 7);
    assert_eq!(table.range(2..5).count().await.unwrap(), 3);
}

#[tokio::test]
async fn fold_returns_what_was_folded() {
    let (store, _) = store("fold").await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    table.insert("b", 2).await.unwrap();
    let sum = table.range(..).fold(100, async |sum, _, n| Ok::<_, Error>(sum + n));
    assert_eq!(sum.await.unwrap(), 103);
}

#[tokio::test]
async fn names_are_names_and_never_sql() {
    let (store, schema) = store("names").await;
    let victim: Table<Text, Integer> = store.table("victim").await.unwrap();
    victim.insert("a", 1).await.unwrap();
    let long = "n".repeat(63);
    let names = [
        "x; drop table victim; --",
        "x\"; drop table victim; --",
        "leak as select * from victim --",
        "x2 (key text, value text) --",
        "'; select pg_sleep(1000); --",
        "MyTable",
        "mytable",
        "My Table",
        "select",
        "public.x",
        "pg_class",
        "$1",
        &format!("{long}1"),
        &format!("{long}2"),
    ];
    for (name, n) in names.iter().zip(0..) {
        let table: Table<Text, Integer> = store.table(name).await.unwrap();
        assert_eq!(table.len().await.unwrap(), 0, "{name} is new");
        table.insert("'; drop table victim; --", n).await.unwrap();
    }
    for (name, n) in names.iter().zip(0..) {
        let table: Table<Text, Integer> = store.table(name).await.unwrap();
        assert_eq!(table.get("'; drop table victim; --").await.unwrap(), Some(n), "{name}");
    }
    assert_eq!(victim.get("a").await.unwrap(), Some(1));
    let mut sql = connect().await;
    let query = format!("SELECT count(*)::text FROM pg_tables WHERE schemaname = '{schema}'");
    assert_eq!(sql.text(query).await, (names.len() + 2).to_string());
}

#[tokio::test]
async fn schemas_are_names_too() {
    let schema = format!("odd \"{}\"; drop schema public; --", fresh("s"));
    let store = options(&schema).open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    let again = options(&schema).open().await.unwrap();
    let table: Table<Text, Integer> = again.table("t").await.unwrap();
    assert_eq!(table.get("a").await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_table_that_others_replace_poisons_no_connection() {
    let (store, schema) = store("poison").await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    let mut sql = connect().await;
    for round in 0..5 {
        // All connections have its statements prepared.
        let reads: Vec<_> = (0..20).map(|_| table.get("a")).collect();
        futures_util::future::try_join_all(reads).await.unwrap();
        table.insert("a", round).await.unwrap();
        sql.run(format!("DROP TABLE \"{schema}\".t")).await;
        fails(table.get("a").await, ErrorKind::NotFound, &["\"t\"", "was dropped"]);
        fails(table.insert("a", 1).await, ErrorKind::NotFound, &["\"t\"", "was dropped"]);
        let columns = "(key text COLLATE \"C\" PRIMARY KEY, value bigint NOT NULL)";
        sql.run(format!("CREATE TABLE \"{schema}\".t {columns}")).await;
        assert_eq!(table.get("a").await.unwrap(), None);
        table.insert("a", round).await.unwrap();
        assert_eq!(table.get("a").await.unwrap(), Some(round));
    }
    // A statement whose result has other types than when it was prepared.
    sql.run(format!("ALTER TABLE \"{schema}\".t ALTER value TYPE integer")).await;
    assert!(table.get("a").await.is_err());
    sql.run(format!("ALTER TABLE \"{schema}\".t ALTER value TYPE bigint")).await;
    assert_eq!(table.get("a").await.unwrap(), Some(4));
    table.insert("a", 9).await.unwrap();
    assert_eq!(table.get("a").await.unwrap(), Some(9));
}

#[tokio::test]
async fn a_failed_first_use_breaks_nothing() {
    let (store, schema) = store("first").await;
    let mut sql = connect().await;
    sql.run(format!("ALTER TABLE \"{schema}\".__persist_registry RENAME TO away")).await;
    assert!(store.table::<Text, Integer>("t").await.is_err());
    sql.run(format!("ALTER TABLE \"{schema}\".away RENAME TO __persist_registry")).await;
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    assert_eq!(table.get("a").await.unwrap(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_batch_does_not_fail_its_group() {
    let (store, schema) = store("bad").await;
    let good: Table<Text, Integer> = store.table("good").await.unwrap();
    let gone: Table<Text, Integer> = store.table("gone").await.unwrap();
    connect().await.run(format!("DROP TABLE \"{schema}\".gone")).await;
    let (good, gone) = (Arc::new(good), Arc::new(gone));
    let mut tasks = Vec::new();
    for n in 0..200_i64 {
        let (good, gone) = (Arc::clone(&good), Arc::clone(&gone));
        tasks.push(tokio::spawn(async move {
            let key = format!("k{n}");
            if n % 10 == 0 {
                fails(gone.insert(&key, n).await, ErrorKind::NotFound, &["gone"]);
            } else if n % 10 == 1 {
                assert!(!good.replace(&key, n).await.unwrap());
            } else {
                good.insert(&key, n).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(good.len().await.unwrap(), 160);
}
