//! What we write is what Ocsipersist would have written, and nothing else changes.

use futures_util::TryStreamExt;
use persist_core::Table;
use persist_core::column::{Bytes, RawText, Real, Text};
use rusqlite::types::Value;

use super::theirs::Raw;
use super::{Theirs, cells, copy, definitions, made, open};

#[tokio::test]
async fn cells_have_the_types_and_bytes_of_ocsipersist() {
    let dir = copy();
    let before = definitions(&dir);
    let tables = ["strings", "floats", "fkeys", "marshals", "mystore", "mkeys", "poly"];
    let rows = |tables: &[&str]| tables.iter().map(|table| cells(&dir, table)).collect::<Vec<_>>();
    let old = rows(&tables);
    let store = open(&dir).await;

    let strings: Table<RawText, RawText> = store.table("strings").await.unwrap();
    strings.insert(b"new\0\xff", b"v\0\xfe").await.unwrap();
    let floats: Table<Text, Real> = store.table("floats").await.unwrap();
    floats.insert("new", 3.0).await.unwrap();
    floats.insert("zero", -0.0).await.unwrap();
    let fkeys: Table<Real, Text> = store.table("fkeys").await.unwrap();
    fkeys.insert(2.0, "two").await.unwrap();
    let marshals: Table<Text, Bytes> = store.table("marshals").await.unwrap();
    marshals.insert("new", b"\x84\x95").await.unwrap();
    let mystore: Table<Text, Bytes> = store.table("mystore").await.unwrap();
    mystore.insert("new", b"").await.unwrap();
    let mkeys: Table<Bytes, Text> = store.table("mkeys").await.unwrap();
    mkeys.insert(b"new", "").await.unwrap();

    let added = [
        vec!["24 text:6E657700FF text:7600FE"],
        vec!["25 text:6E6577 real:3.0", "26 text:7A65726F real:0.0"],
        vec!["10 real:2.0 text:74776F"],
        vec!["3 text:6E6577 blob:8495"],
        vec!["5 text:6E6577 blob:"],
        vec!["3 blob:6E6577 text:"],
        vec![],
    ];
    for ((mut old, added), new) in old.into_iter().zip(added).zip(rows(&tables)) {
        old.extend(added.into_iter().map(str::to_owned));
        assert_eq!(new, old);
    }
    assert_eq!(definitions(&dir), before);
}

#[tokio::test]
async fn replacing_a_value_leaves_the_row_in_its_place() {
    let dir = made("text", "text");
    let theirs = Theirs::new(&dir);
    for key in ["a", "b", "c"] {
        theirs.add("t", key, "old");
    }
    let store = open(&dir).await;
    let table: Table<Text, Text> = store.table("t").await.unwrap();
    table.insert("b", "new").await.unwrap();
    assert!(!table.insert_if_absent("b", "other").await.unwrap());
    assert!(table.replace("a", "new").await.unwrap());
    table.update_or("a", "", |old| old + "er").await.unwrap();
    let expected = ["1 text:61 text:6E65776572", "2 text:62 text:6E6577", "3 text:63 text:6F6C64"];
    assert_eq!(cells(&dir, "t"), expected);
}

#[tokio::test]
async fn ocsipersist_goes_on_working_beside_us() {
    let dir = made("text", "blob");
    let theirs = Theirs::new(&dir);
    let store = open(&dir).await;
    let table: Table<Text, Bytes> = store.table("t").await.unwrap();
    for round in 0..20u8 {
        let ours = format!("ours {round}");
        table.insert(&ours, &[round]).await.unwrap();
        assert_eq!(theirs.find("t", &ours), Some(Value::Blob(vec![round])));
        // They replace, and we see it; they remove, and it is gone.
        theirs.add("t", &ours, [round, 1]);
        assert_eq!(table.get(&ours).await.unwrap(), Some(vec![round, 1]));
        theirs.add("t", "theirs", [round]);
        assert!(table.remove("theirs").await.unwrap());
        assert_eq!(theirs.find("t", "theirs"), None);
    }
    theirs.create("t", "text", "blob");
    theirs.remove("t", "ours 3");
    assert_eq!(table.get("ours 3").await.unwrap(), None);
    assert_eq!((theirs.length("t"), table.len().await.unwrap()), (19, 19));
    assert_eq!(theirs.keys("t").len(), 19);
    store.close().await.unwrap();
    assert_eq!(theirs.length("t"), 19);
    assert_eq!(definitions(&dir).len(), 2, "nothing else is in the file");
}

#[tokio::test]
async fn a_batch_writes_to_their_tables_and_to_ours() {
    let dir = made("text", "float");
    let store = open(&dir).await;
    let theirs: Table<Text, Real> = store.table("t").await.unwrap();
    let ours: Table<Text, Real> = store.table("u").await.unwrap();
    let mut batch = store.batch();
    batch.insert(&theirs, "a", 1.5).unwrap().insert(&ours, "a", 2.5).unwrap();
    assert_eq!(batch.commit().await.unwrap(), persist_core::Committed::Applied);
    assert_eq!(cells(&dir, "t"), ["1 text:61 real:1.5"]);
    assert_eq!(ours.get("a").await.unwrap(), Some(2.5));
}

#[tokio::test]
async fn any_bytes_make_keys_and_bounds_of_raw_text() {
    let dir = made("text", "text");
    let theirs = Theirs::new(&dir);
    let keys: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0b", b"a\xff", b"\xff\xfe"];
    for key in keys.iter().rev() {
        theirs.add("t", Raw(key), Raw(b"v\xff"));
    }
    let store = open(&dir).await;
    let table: Table<RawText, RawText> = store.table("t").await.unwrap();
    for key in keys {
        assert_eq!(table.get(key).await.unwrap().as_deref(), Some(&b"v\xff"[..]));
    }
    let all: Vec<_> = table.range(..).stream().try_collect().await.unwrap();
    assert!(all.iter().map(|(key, _)| &key[..]).eq(keys));
    let begun = table.range(..).prefix(b"a\0").stream().try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(begun, [(b"a\0b".to_vec(), b"v\xff".to_vec())]);
    assert_eq!(table.range(&b"a"[..]..=&b"a\xff"[..]).count().await.unwrap(), 3);
    assert_eq!(table.range(&b"a\xff"[..]..).count().await.unwrap(), 2);
    table.remove(b"a\0b").await.unwrap();
    assert_eq!(theirs.length("t"), 5);
}
