//! Rows of Ocsipersist's that do not fit what is asked for.

use futures_util::StreamExt;
use persist_core::backend::CellType;
use persist_core::column::{Bytes, Column, KeyColumn, RawText, Real, Text};
use persist_core::{ErrorKind, Persist, Table};
use rusqlite::types::Null;

use super::theirs::Raw;
use super::{Theirs, cells, copy, made, open, remove_range};

#[tokio::test]
async fn rows_with_a_null_key_are_invisible_and_stay() {
    for (key, value) in [("text", "text"), ("float", "text"), ("blob", "text")] {
        let dir = made(key, value);
        let theirs = Theirs::new(&dir);
        theirs.add("t", Null, "hidden");
        // Of another type than the column's: nothing that Ocsipersist writes under one type.
        match key {
            "text" => theirs.add("t", [1u8], "hidden"),
            "float" => ["x", ""].into_iter().for_each(|key| theirs.add("t", key, "hidden")),
            _ => theirs.add("t", "x", "hidden"),
        }
        let hidden = cells(&dir, "t");
        let store = open(&dir).await;
        match key {
            "text" => invisible::<Text>(&store, &store.table("t").await.unwrap(), "a", "b").await,
            "float" => {
                let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
                invisible::<Real>(&store, &store.table("t").await.unwrap(), low, high).await;
            }
            _ => invisible::<Bytes>(&store, &store.table("t").await.unwrap(), b"", b"b").await,
        }
        assert_eq!(cells(&dir, "t"), hidden, "{key}");
    }
}

/// Puts two keys into a table where nothing is visible, and clears it in four ways.
async fn invisible<'a, K: KeyColumn>(
    store: &Persist,
    table: &Table<K, Text>,
    low: K::Borrowed<'a>,
    high: K::Borrowed<'a>,
) {
    for way in 0..4 {
        assert!(table.is_empty().await.unwrap());
        table.insert(low, "v").await.unwrap();
        table.insert(high, "v").await.unwrap();
        assert_eq!(table.len().await.unwrap(), 2);
        for range in
            [table.range(..), table.range(..).rev(), table.range(low..), table.range(..=high)]
        {
            let rows: Vec<_> = range.stream().collect().await;
            assert!(rows.len() == 2 && rows.iter().all(Result::is_ok), "{:?}", K::CELL);
        }
        match way {
            0 => table.clear().await.unwrap(),
            1 => remove_range(store, table, low..).await,
            2 => remove_range(store, table, ..=high).await,
            _ => remove_range(store, table, low..=high).await,
        }
    }
}

#[tokio::test]
async fn the_null_key_of_ocsipersist_is_one_of_them() {
    let dir = copy();
    let store = open(&dir).await;
    let table: Table<Real, Text> = store.table("fkeys").await.unwrap();
    assert_eq!(table.len().await.unwrap(), 7);
    assert_eq!(table.get(f64::NAN).await.unwrap_err().kind(), ErrorKind::InvalidKey);
    table.clear().await.unwrap();
    assert_eq!(cells(&dir, "fkeys"), ["9 null: text:6E616E"]);
}

#[tokio::test]
async fn a_null_value_is_one_error_and_can_be_overwritten() {
    for value in ["text", "float", "blob"] {
        let dir = made("text", value);
        let theirs = Theirs::new(&dir);
        for key in ["a", "b", "c"] {
            theirs.add("t", key, Null);
        }
        let store = open(&dir).await;
        match value {
            "text" => null_values::<Text>(&store, &store.table("t").await.unwrap(), "v").await,
            "float" => null_values::<Real>(&store, &store.table("t").await.unwrap(), 1.0).await,
            _ => null_values::<Bytes>(&store, &store.table("t").await.unwrap(), b"v").await,
        }
    }
}

async fn null_values<V: Column>(store: &Persist, table: &Table<Text, V>, value: V::Borrowed<'_>) {
    let decode = |error: persist_core::Error| {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert!(error.to_string().contains("the stored cell is Null"), "{error}");
    };
    decode(table.get("a").await.err().unwrap());
    decode(table.get_many(["x", "a"]).await.err().unwrap());
    decode(table.insert_if_absent("a", value).await.unwrap_err());
    table.insert("b", value).await.unwrap();
    for (range, expected) in [
        (table.range(..), [false, true, false]),
        (table.range("a"..="b").rev(), [true, false, false]),
    ] {
        let rows: Vec<_> = range.stream().collect().await;
        assert!(rows.iter().zip(expected).all(|(row, good)| row.is_ok() == good));
    }
    assert_eq!(table.len().await.unwrap(), 3);
    remove_range(store, table, "a"..="a").await;
    assert_eq!(table.len().await.unwrap(), 2);
}

#[tokio::test]
async fn text_that_is_none_is_one_error_each_and_readable_as_raw_text() {
    let dir = made("text", "text");
    let theirs = Theirs::new(&dir);
    let bad: [&[u8]; 3] = [b"b\xff", b"c\0", b"\xc3"];
    for (key, value) in [(&b"a"[..], &b"fine"[..]), (b"x", bad[0]), (b"y", bad[1]), (b"z", b"")] {
        theirs.add("t", Raw(key), Raw(value));
    }
    for key in bad {
        theirs.add("t", Raw(key), "fine");
    }
    let store = open(&dir).await;
    let text: Table<Text, Text> = store.table("t").await.unwrap();
    let rows: Vec<_> = text.range(..).stream().collect().await;
    let good = |at: usize| rows[at].as_ref().unwrap();
    let bad_row = |at: usize, key: &str, why: &str| {
        let expected = format!("range: table \"t\", key {key}: the stored text {why}");
        assert_eq!(rows[at].as_ref().unwrap_err().to_string(), expected);
    };
    assert_eq!(rows.len(), 7);
    assert_eq!(good(0), &("a".to_owned(), "fine".to_owned()));
    bad_row(1, "0x62ff", "is not UTF-8");
    bad_row(2, "0x6300", "holds NUL");
    bad_row(3, "\"x\"", "is not UTF-8");
    bad_row(4, "\"y\"", "holds NUL");
    assert_eq!(good(5), &("z".to_owned(), String::new()));
    bad_row(6, "0xc3", "is not UTF-8");
    assert_eq!(text.get("x").await.unwrap_err().kind(), ErrorKind::Decode);

    let raw: Table<RawText, RawText> = store.table("t").await.unwrap();
    assert_eq!(RawText::CELL, CellType::Bytes);
    assert_eq!(raw.get(b"x").await.unwrap().as_deref(), Some(bad[0]));
    for key in bad {
        assert_eq!(raw.get(key).await.unwrap().as_deref(), Some(&b"fine"[..]));
        assert!(raw.remove(key).await.unwrap());
    }
    assert_eq!(text.len().await.unwrap(), 4);
}
