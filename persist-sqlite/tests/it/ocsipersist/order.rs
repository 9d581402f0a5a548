//! Order and bounds are ours, whatever the order of rows.

use futures_util::{StreamExt, TryStreamExt};
use persist_core::Table;
use persist_core::column::{RawText, Real, Text};

use super::theirs::Raw;
use super::{Theirs, copy, made, open, remove_range};

#[tokio::test]
async fn reals_go_by_number_and_bounds_hold() {
    let dir = copy();
    let store = open(&dir).await;
    let table: Table<Real, Text> = store.table("fkeys").await.unwrap();
    let keys = |range: persist_core::Range<Real, Text>| async move {
        range.stream().map_ok(|(key, _)| key).try_collect::<Vec<_>>().await.unwrap()
    };
    let sorted = [-2.5, 0.0, 1e-20, 1.0 / 3.0, 1.5, 1e22, f64::INFINITY];
    assert_eq!(keys(table.range(..)).await, sorted);
    assert_eq!(keys(table.range(-0.0..1.5)).await, sorted[1..4]);
    assert_eq!(keys(table.range(..=0.0).rev()).await, [0.0, -2.5]);
    assert_eq!(keys(table.range(1e22..)).await, sorted[5..]);
    assert_eq!(table.range(..0.0).count().await.unwrap(), 1);
    remove_range(&store, &table, ..1.0).await;
    assert_eq!(keys(table.range(..)).await, sorted[4..]);
}

#[tokio::test]
async fn text_goes_by_bytes() {
    let dir = made("text", "text");
    let theirs = Theirs::new(&dir);
    for key in ["é", "b", "", "B", "10", "9", "🫒", "a"] {
        theirs.add("t", key, "v");
    }
    let store = open(&dir).await;
    let table: Table<Text, Text> = store.table("t").await.unwrap();
    let rows: Vec<_> = table.range(..).stream().try_collect().await.unwrap();
    let keys: Vec<_> = rows.iter().map(|(key, _)| &**key).collect();
    assert_eq!(keys, ["", "10", "9", "B", "a", "b", "é", "🫒"]);
    assert_eq!(table.range("B".."b").count().await.unwrap(), 2);
}

#[tokio::test]
async fn more_rows_that_are_no_text_than_a_page_has() {
    const ROWS: u16 = 700;
    let dir = made("text", "text");
    let theirs = dir.connect();
    theirs.execute_batch("BEGIN").unwrap();
    // Every 7th key is text, and the others are not.
    let key = |n: u16| {
        let end: &[u8] = if n.is_multiple_of(7) { b"" } else { b"\xff" };
        [format!("{n:03}").as_bytes(), end].concat()
    };
    for n in 0..ROWS {
        theirs.execute("INSERT INTO store___t VALUES (?1, 'v')", [Raw(&key(n))]).unwrap();
    }
    theirs.execute_batch("COMMIT").unwrap();
    let store = open(&dir).await;
    let text: Table<Text, Text> = store.table("t").await.unwrap();
    let raw: Table<RawText, RawText> = store.table("t").await.unwrap();
    let goods: Vec<_> =
        (0..ROWS).filter(|n| n.is_multiple_of(7)).map(|n| format!("{n:03}")).collect();
    for (range, len) in [
        (text.range(..), 700),
        (text.range("000".."999"), 700),
        (text.range(..).snapshot(), 700),
        (text.range(..).rev(), 700),
        (text.range("000"..="693\u{10ffff}").rev(), 694),
    ] {
        let rows: Vec<_> = range.stream().take(1000).collect().await;
        assert_eq!(rows.len(), len);
        let mut met: Vec<_> = rows.into_iter().flatten().map(|(key, _)| key).collect();
        met.sort_unstable();
        assert_eq!(met, goods);
    }
    let rows: Vec<_> = raw.range(..).stream().try_collect().await.unwrap();
    assert!(rows.iter().zip(0..).all(|((met, _), n)| *met == key(n)));
    assert_eq!(rows.len(), usize::from(ROWS));
}
