//! Which tables are adopted, as what, and what becomes of them.

use persist_core::column::{
    Bytes, Column, Integer, Json, KeyColumn, Postcard, RawText, Real, Text,
};
use persist_core::{ErrorKind, Persist, Ref, Table};

use super::{Theirs, cells, copy, definitions, made, open};
use crate::Dir;

#[tokio::test]
async fn without_the_option_nothing_of_them_is_seen() {
    let dir = copy();
    let (rows, before) = (cells(&dir, "strings"), definitions(&dir));
    let store = dir.open().await;
    assert!(store.tables().await.unwrap().is_empty());
    assert!(!store.drop_table("strings").await.unwrap());
    let own: Table<Text, Integer> = store.table("strings").await.unwrap();
    assert!(own.is_empty().await.unwrap());
    own.insert("k", 1).await.unwrap();
    assert_eq!(cells(&dir, "strings"), rows);
    assert_eq!(definitions(&dir)[..before.len()], before);
    store.close().await.unwrap();

    // What is registered goes before what could be adopted.
    let store = open(&dir).await;
    let own: Table<Text, Integer> = store.table("strings").await.unwrap();
    assert_eq!(own.get("k").await.unwrap(), Some(1));
    assert_eq!(store.tables().await.unwrap().len(), 10);
    assert!(store.drop_table("strings").await.unwrap());
    let theirs: Table<RawText, RawText> = store.table("strings").await.unwrap();
    assert_eq!(theirs.len().await.unwrap(), 23);
}

#[tokio::test]
async fn columns_that_do_not_fit_are_named_with_those_that_do() {
    let dir = made("text", "blob");
    let store = open(&dir).await;
    opens::<Text, Bytes>(&store).await;
    opens::<RawText, Bytes>(&store).await;
    let message = refused::<Text, Postcard<u8>>(&store).await;
    let expected = "table: table \"t\": it is a table of Ocsipersist whose values are declared \
                    blob, which opens as Bytes; they were asked for as bytes (postcard/1)";
    assert_eq!(message, expected);
    refused::<Text, Text>(&store).await;
    refused::<Text, RawText>(&store).await;
    let message = refused::<Bytes, Bytes>(&store).await;
    assert!(
        message.contains("keys are declared text, which opens as Text or RawText"),
        "{message}"
    );
    refused::<Real, Bytes>(&store).await;

    let dir = made("float", "text");
    let store = open(&dir).await;
    opens::<Real, Text>(&store).await;
    opens::<Real, RawText>(&store).await;
    refused::<Real, Json<u8>>(&store).await;
    let message = refused::<Integer, Text>(&store).await;
    assert!(message.contains("declared float, which opens as Real"), "{message}");
    assert_eq!(definitions(&dir).len(), 2, "a refusal makes nothing");
}

#[tokio::test]
async fn references_do_not_fit_until_the_old_ones_are_dropped() {
    let dir = copy();
    let store = open(&dir).await;
    let error = Ref::persistent(&store, "r", 0u64).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
    let name = "__ocsipersist_ref_store__";
    let old: Table<Text, Bytes> = store.table(name).await.unwrap();
    let marshalled = old.get("r").await.unwrap().unwrap();
    assert_eq!(marshalled[20..], [0x01, 0x01, 0xbd], "445, as OCaml writes it");
    assert!(store.drop_table(name).await.unwrap());
    let new = Ref::persistent(&store, "r", 445u64).await.unwrap();
    assert_eq!(new.get().await.unwrap(), 445);
}

#[tokio::test]
async fn a_table_of_another_shape_is_not_adopted() {
    for definition in [
        "CREATE TABLE store___t (key text, value text, PRIMARY KEY (key))",
        "CREATE TABLE store___t (key text, value text, more text, PRIMARY KEY (key) ON CONFLICT REPLACE)",
        "CREATE TABLE store___t (key text, value integer, PRIMARY KEY (key) ON CONFLICT REPLACE)",
        "CREATE TABLE store___t (key text, value varchar, PRIMARY KEY (key) ON CONFLICT REPLACE)",
        "CREATE TABLE store___t (key text NOT NULL, value text, PRIMARY KEY (key) ON CONFLICT REPLACE)",
        "CREATE TABLE store___t (key text, value text, PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID",
        "CREATE TABLE Store___t (key text, value text, PRIMARY KEY (key) ON CONFLICT REPLACE)",
        "CREATE VIEW store___t AS SELECT 1 AS key, 2 AS value",
    ] {
        let dir = Dir::new();
        dir.connect().execute_batch(definition).unwrap();
        let store = open(&dir).await;
        assert!(store.tables().await.unwrap().is_empty(), "{definition}");
        let own: Table<Text, Integer> = store.table("t").await.unwrap();
        own.insert("k", 1).await.unwrap();
        // Not even a name of the same sound takes its place.
        let other: Table<Text, Integer> = store.table("store___t").await.unwrap();
        other.insert("k", 2).await.unwrap();
        assert_eq!(own.get("k").await.unwrap(), Some(1));
        assert!(
            store.drop_table("t").await.unwrap() && store.drop_table("store___t").await.unwrap()
        );
        assert_eq!(definitions(&dir)[0].1.as_deref(), Some(definition));
    }
}

#[tokio::test]
async fn names_are_exact() {
    let dir = made("text", "text");
    Theirs::new(&dir).add("t", "k", "theirs");
    let store = open(&dir).await;
    let ours: Table<Text, Text> = store.table("T").await.unwrap();
    ours.insert("k", "ours").await.unwrap();
    let theirs: Table<Text, Text> = store.table("t").await.unwrap();
    assert_eq!(theirs.get("k").await.unwrap().as_deref(), Some("theirs"));
    assert_eq!(theirs.name(), "t");
}

#[tokio::test]
async fn dropping_one_removes_it_for_ocsipersist_too() {
    let dir = made("text", "text");
    let store = open(&dir).await;
    let table: Table<Text, Text> = store.table("t").await.unwrap();
    let raw: Table<RawText, RawText> = store.table("t").await.unwrap();
    assert!(store.drop_table("t").await.unwrap());
    assert!(!store.drop_table("t").await.unwrap());
    assert_eq!(table.get("k").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(raw.insert(b"k", b"").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(definitions(&dir).is_empty());

    // They make it anew, and it is adopted anew; old handles stay what they are.
    let theirs = Theirs::new(&dir);
    theirs.create("t", "text", "float");
    theirs.add("t", "k", 1.0);
    let again: Table<Text, Real> = store.table("t").await.unwrap();
    assert_eq!(again.get("k").await.unwrap(), Some(1.0));
    assert_eq!(table.get("k").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_store_that_is_read_only_adopts_too() {
    let dir = copy();
    let store = dir.options().ocsipersist(true).read_only(true).open().await.unwrap();
    let table: Table<RawText, Real> = store.table("floats").await.unwrap();
    assert_eq!(table.get(b"pi").await.unwrap(), Some(std::f64::consts::PI));
    let error = table.insert(b"pi", 3.0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    store.close().await.unwrap();
    assert_eq!(std::fs::read(dir.file()).unwrap(), super::FIXTURE);
}

async fn opens<K: KeyColumn, V: Column>(store: &Persist) {
    store.table::<K, V>("t").await.unwrap();
}

async fn refused<K: KeyColumn, V: Column>(store: &Persist) -> String {
    let error = store.table::<K, V>("t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
    error.to_string()
}
