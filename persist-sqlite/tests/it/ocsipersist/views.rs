//! One table, open as different columns at once.

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use persist_core::backend::{Batch, Cell, Expect, Hint, TableSpec, Write};
use persist_core::column::{Column, RawText, Text};
use persist_core::{Committed, Table};

use super::{cells, made, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_through_both_lose_nothing() {
    let dir = made("text", "text");
    let store = open(&dir).await;
    let text: Table<Text, Text> = store.table("t").await.unwrap();
    let raw: Table<RawText, RawText> = store.table("t").await.unwrap();
    let next = |count: &str| (count.parse::<u32>().unwrap() + 1).to_string();
    let texts = (0..100).map(|_| text.update_or("k", "0", |count| next(&count)));
    let raws = (0..100).map(|_| {
        raw.update_or(b"k", b"0", |count| next(&String::from_utf8(count).unwrap()).into_bytes())
    });
    let (texts, raws) = join(join_all(texts), join_all(raws)).await;
    assert!(texts.iter().all(Result::is_ok) && raws.iter().all(Result::is_ok));
    assert_eq!(text.get("k").await.unwrap().as_deref(), Some("200"));
    assert_eq!(raw.get(b"k").await.unwrap().as_deref(), Some(&b"200"[..]));
}

#[tokio::test]
async fn a_batch_through_both_is_written_in_order() {
    let dir = made("text", "text");
    let store = open(&dir).await;
    let text: Table<Text, Text> = store.table("t").await.unwrap();
    let raw: Table<RawText, RawText> = store.table("t").await.unwrap();
    for (first, second) in [("a", "b"), ("c", "d")] {
        let mut batch = store.batch();
        batch.insert(&text, "k", first).unwrap().insert(&raw, b"k", second.as_bytes()).unwrap();
        let mut back = store.batch();
        back.insert(&raw, b"l", first.as_bytes()).unwrap().insert(&text, "l", second).unwrap();
        let (one, other) = join(batch.commit(), back.commit()).await;
        assert_eq!((one.unwrap(), other.unwrap()), (Committed::Applied, Committed::Applied));
        for key in ["k", "l"] {
            assert_eq!(text.get(key).await.unwrap().as_deref(), Some(second));
        }
    }
    assert_eq!(cells(&dir, "t"), ["1 text:6B text:64", "2 text:6C text:64"]);
}

#[tokio::test]
async fn who_listens_to_one_hears_of_the_other() {
    let dir = made("text", "text");
    let backend = dir.options().ocsipersist(true).backend().await.unwrap();
    let text = backend.open_table(TableSpec::new("t", Text::spec(), Text::spec())).await.unwrap();
    let raw_spec = TableSpec::new("t", RawText::spec(), RawText::spec());
    let raw = backend.open_table(raw_spec.clone()).await.unwrap();
    assert_eq!(text.id(), raw.id());
    let again = backend.open_table(raw_spec).await.unwrap();
    assert_eq!(again.spec(), raw.spec());

    let mut changes = backend.changes();
    let key = Cell::Bytes(b"k".to_vec());
    let put = Batch::one(raw, key.clone(), Expect::Any, Write::Put(key));
    backend.commit(put).await.unwrap();
    // A hint of the whole table, since the key is another cell there.
    while changes.next().await.unwrap() != Hint::Table("t".into()) {}
}
