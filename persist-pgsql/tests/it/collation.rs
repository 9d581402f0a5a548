//! The same order and the same bounds, whatever the database sorts by.

use futures_util::TryStreamExt;
use persist_core::Table;
use persist_core::column::{Integer, Text};

use crate::support::{Sql, at, connect, fresh};

const WORDS: [&str; 12] =
    ["", " x", "10", "9", "Charlie", "_under", "alpha", "bravo", "zulu", "Ä", "étude", "\u{1f980}"];

async fn sorts_bytewise(collation: &str) {
    let server = persist_servers::Postgres::shared_url().unwrap();
    let database = fresh("collated");
    let mut sql = connect().await;
    sql.run(format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8' {collation}"))
        .await;
    let url = match server.rsplit_once('/') {
        Some((server, _)) => format!("{server}/{database}"),
        None => panic!("{server}"),
    };
    let store = at(&url, "public").open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    for (word, n) in WORDS.iter().zip(0..) {
        table.insert(word, n).await.unwrap();
    }
    let mut sorted = WORDS.map(str::to_owned);
    sorted.sort();
    let keys = async |range: persist_core::Range<Text, Integer>| -> Vec<String> {
        range.stream().map_ok(|(key, _)| key).try_collect().await.unwrap()
    };
    assert_eq!(keys(table.range(..)).await, sorted);
    let backward: Vec<String> = sorted.iter().rev().cloned().collect();
    assert_eq!(keys(table.range(..).rev()).await, backward);
    assert_eq!(keys(table.range(..).snapshot()).await, sorted);
    for low in &sorted {
        for high in &sorted {
            let between = sorted.iter().filter(|word| *low <= **word && **word < *high);
            let between: Vec<String> = between.cloned().collect();
            assert_eq!(keys(table.range(low.as_str()..high.as_str())).await, between);
            let range = table.range(low.as_str()..high.as_str());
            assert_eq!(range.count().await.unwrap(), between.len() as u64);
        }
    }
    let others = Sql::to(&url).await.texts("SELECT key FROM t ORDER BY key").await;
    assert_eq!(others, sorted, "the column sorts so for everybody");
    store.close().await.unwrap();
    sql.run(format!("DROP DATABASE {database} WITH (FORCE)")).await;
}

#[tokio::test]
async fn in_a_database_that_sorts_by_bytes() {
    sorts_bytewise("LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc").await;
}

#[tokio::test]
async fn in_a_database_that_sorts_by_the_root_order_of_icu() {
    sorts_bytewise("LOCALE_PROVIDER icu ICU_LOCALE 'und'").await;
}

#[tokio::test]
async fn in_a_database_that_sorts_as_swedish_does() {
    sorts_bytewise("LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE'").await;
}
