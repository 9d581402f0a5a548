//! Tables that Ocsipersist has made, used in place.

mod manifest;

use std::io::Write;
use std::process::{Command, Stdio};

use futures_util::TryStreamExt;
use persist_core::backend::{Cell, Direction, KeyRange, Marking};
use persist_core::column::{Bytes, Integer, RawText, Real, Text};
use persist_core::{Error, ErrorKind, Persist, Table};
use persist_pgsql::Options;
use persist_servers::Postgres;

use crate::support::{Sql, at, connect, fails, fresh, options};

const DUMP: &str = include_str!("../fixtures/ocsipersist-pg.sql");

/// A database with what Ocsipersist has written.
async fn copy() -> String {
    let database = fresh("fixture");
    let mut sql = connect().await;
    sql.run(format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'")).await;
    let url = Postgres::shared_url().unwrap();
    let Some((server, _)) = url.rsplit_once('/') else { panic!("{url}") };
    let url = format!("{server}/{database}");
    let mut psql = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", &url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Older programs do not know these two commands.
    let lines = DUMP.lines().filter(|line| !line.contains("restrict "));
    let dump: String = lines.flat_map(|line| [line, "\n"]).collect();
    psql.stdin.take().unwrap().write_all(dump.as_bytes()).unwrap();
    assert!(psql.wait().unwrap().success());
    url
}

fn adopting(url: &str) -> Options {
    at(url, "public").ocsipersist(true)
}

/// A table as Ocsipersist makes it, in a schema of its own.
async fn made(columns: &str) -> (Sql, String) {
    let schema = fresh("theirs");
    let mut sql = connect().await;
    sql.run(format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.t {columns}")).await;
    (sql, schema)
}

async fn adopted(schema: &str) -> Persist {
    options(schema).ocsipersist(true).open().await.unwrap()
}

#[tokio::test]
async fn only_if_asked_for_and_only_of_exactly_their_shape() {
    let (mut sql, schema) = made("(key text, value text, PRIMARY KEY (key))").await;
    let others = [
        "a (key text, value text)",
        "b (key text, value text, extra text, PRIMARY KEY (key))",
        "c (key text, value integer, PRIMARY KEY (key))",
        "d (key varchar(9), value text, PRIMARY KEY (key))",
        "e (key text, value text NOT NULL, PRIMARY KEY (key))",
        "f (key text, value text DEFAULT '', PRIMARY KEY (key))",
        "g (key text COLLATE \"C\", value text, PRIMARY KEY (key))",
        "h (key text, value text, PRIMARY KEY (key, value))",
        "i (key text, value text UNIQUE, PRIMARY KEY (key))",
        "j (value text, key text, PRIMARY KEY (key))",
    ];
    for other in others {
        sql.run(format!("CREATE TABLE {schema}.{other}")).await;
    }
    sql.run(format!("CREATE VIEW {schema}.k AS SELECT * FROM {schema}.t")).await;
    let store = options(&schema).open().await.unwrap();
    assert!(store.tables().await.unwrap().is_empty());
    let ours: Table<Text, Integer> = store.table("ours").await.unwrap();
    ours.insert("a", 1).await.unwrap();
    let store = adopted(&schema).await;
    let listed = store.tables().await.unwrap();
    assert_eq!(listed.iter().map(|t| &*t.spec.name).collect::<Vec<_>>(), ["ours", "t"]);
    // One that is not of their shape is left alone, and a table of ours is made beside it.
    let beside: Table<Text, Integer> = store.table("a").await.unwrap();
    beside.insert("x", 1).await.unwrap();
    assert_eq!(sql.text(format!("SELECT count(*)::text FROM {schema}.a")).await, "0");
    let error = store.table::<Text, Integer>("t").await;
    fails(error, ErrorKind::SchemaMismatch, &["\"t\"", "Ocsipersist", "Text or RawText"]);
}

#[tokio::test]
async fn what_is_written_is_what_they_would_write() {
    let (mut sql, schema) = made("(key text, value text, PRIMARY KEY (key))").await;
    sql.run(format!(r"INSERT INTO {schema}.t VALUES ('h\303\251', 'old\\'), ('gone', 'x')")).await;
    let store = adopted(&schema).await;
    let table: Table<RawText, RawText> = store.table("t").await.unwrap();
    let key = "h\u{e9}".as_bytes();
    assert_eq!(table.get(key).await.unwrap().as_deref(), Some(&b"old\\"[..]));
    table.insert(key, b"\0new\n").await.unwrap();
    assert!(table.insert_if_absent(&[0x1f, b' ', b'~', 0x7f, 0xff], b"").await.unwrap());
    assert!(!table.insert_if_absent(key, b"").await.unwrap());
    let entry = table.get_entry(key).await.unwrap();
    let done = entry.swap(Some(b"swapped\t")).await.unwrap();
    assert_eq!(done, persist_core::Swap::Done);
    let mut batch = store.batch();
    batch.remove(&table, b"gone").unwrap().insert(&table, b"back\\slash", b"b").unwrap();
    let _ = batch.commit().await.unwrap();
    let rows = sql.texts(format!("SELECT key || '|' || value FROM {schema}.t ORDER BY 1")).await;
    let mut expected = vec![r"\037 ~\177\377|", r"back\\slash|b", r"h\303\251|swapped\011"];
    expected.sort_unstable();
    let mut rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    rows.sort_unstable();
    assert_eq!(rows, expected);
    assert!(store.drop_table("t").await.unwrap());
    assert!(!store.drop_table("t").await.unwrap());
}

#[tokio::test]
async fn order_and_bounds_are_those_of_the_bytes() {
    let (_, schema) = made("(key text, value text, PRIMARY KEY (key))").await;
    let store = adopted(&schema).await;
    let table: Table<RawText, RawText> = store.table("t").await.unwrap();
    let mut keys: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte]).collect();
    keys.extend((0..=255).step_by(15).map(|byte| vec![b'[', byte]));
    keys.push(Vec::new());
    keys.push(vec![b'\\'; 20]);
    let inserts = keys.iter().map(|key| table.insert(key, b"v"));
    futures_util::future::try_join_all(inserts).await.unwrap();
    keys.sort();
    let met = async |range: persist_core::Range<RawText, RawText>| -> Vec<Vec<u8>> {
        range.stream().map_ok(|(key, _)| key).try_collect().await.unwrap()
    };
    assert_eq!(met(table.range(..)).await, keys);
    for (low, high) in [(&b"["[..], &b"]"[..]), (b"\x1f", b"\x80"), (b"\\", b"\\\\\\")] {
        let between = keys.iter().filter(|key| low <= key.as_slice() && key.as_slice() < high);
        let between: Vec<_> = between.cloned().collect();
        assert_eq!(met(table.range(low..high)).await, between);
        assert_eq!(table.range(low..high).count().await.unwrap(), between.len() as u64);
        let backward: Vec<_> = between.into_iter().rev().collect();
        assert_eq!(met(table.range(low..high).rev()).await, backward);
    }
    // The order comes from an index, not from sorting the table.
    let mut sql = connect().await;
    let plan = sql
        .texts(format!(
            "SET enable_seqscan = off; EXPLAIN SELECT key FROM {schema}.t \
             WHERE decode(key, 'escape') > 'x' ORDER BY decode(key, 'escape') LIMIT 3"
        ))
        .await;
    assert!(plan.iter().any(|line| line.contains("Index Scan using __persist_bytes_")), "{plan:?}");
}

#[tokio::test]
async fn rows_that_cannot_be_read_spoil_no_others() {
    let (mut sql, schema) = made("(key text, value text, PRIMARY KEY (key))").await;
    let rows = r"('a', 'a'), ('\377', 'b'), ('b', '\377'), ('\303\251', NULL), ('z', 'z')";
    sql.run(format!("INSERT INTO {schema}.t VALUES {rows}")).await;
    let backend = options(&schema).ocsipersist(true).backend().await.unwrap();
    let store = Persist::new(backend.clone());
    let table: Table<Text, Text> = store.table("t").await.unwrap();
    let handle = backend.open_table(store.tables().await.unwrap().remove(0).spec).await.unwrap();
    for direction in [Direction::Forward, Direction::Backward] {
        for limit in [1, 2, 10] {
            let (mut left, mut good, mut bad) = (Some(KeyRange::all()), Vec::new(), 0);
            while let Some(range) = left {
                let page = backend.scan(&handle, &range, direction, limit, Marking::Skip);
                let page = page.await.unwrap().value;
                for row in page.rows {
                    match row {
                        Ok((key, _)) => good.push(key),
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
                            bad += 1;
                        }
                    }
                }
                left = page.rest;
            }
            good.sort();
            let readable = ["a", "z"].map(|key| Cell::Text(key.into()));
            assert_eq!((good.as_slice(), bad), (&readable[..], 3), "{direction:?} by {limit}");
        }
    }
    fails(table.get("b").await, ErrorKind::Decode, &["\"t\""]);
    assert_eq!(table.get("z").await.unwrap().as_deref(), Some("z"));
    // Another view of the same rows needs a store of its own.
    let other = store.table::<RawText, RawText>("t").await;
    fails(other, ErrorKind::SchemaMismatch, &["\"t\""]);
    let raw: Table<RawText, RawText> = adopted(&schema).await.table("t").await.unwrap();
    assert_eq!(raw.get(b"\xff").await.unwrap().as_deref(), Some(&b"b"[..]));
}

#[tokio::test]
async fn keys_that_they_could_not_read_are_told_when_the_table_is_opened() {
    let (mut sql, schema) = made("(key text, value text, PRIMARY KEY (key))").await;
    sql.run(format!(r"INSERT INTO {schema}.t VALUES ('not \escaped', '')")).await;
    let store = adopted(&schema).await;
    let table = store.table::<Text, Text>("t").await;
    fails(table, ErrorKind::Decode, &["\"t\"", "escaped as Ocsipersist"]);
    sql.run(format!("TRUNCATE {schema}.t")).await;
    store.table::<Text, Text>("t").await.unwrap();
}

#[tokio::test]
async fn numbers_are_exact_and_keys_as_long_as_the_index_takes() {
    let (mut sql, schema) = made("(key double precision, value float, PRIMARY KEY (key))").await;
    sql.run(format!("INSERT INTO {schema}.t VALUES ('NaN', 1), (1, 'NaN'), ('-0', '-0')")).await;
    let store = adopted(&schema).await;
    let table: Table<Real, Real> = store.table("t").await.unwrap();
    for real in [1e-20, f64::MIN_POSITIVE, 5e-324, 1.234_567_890_123_456_7e-5, f64::MAX] {
        table.insert(real, real).await.unwrap();
        assert_eq!(table.get(real).await.unwrap(), Some(real));
    }
    assert_eq!(table.get(0.0).await.unwrap(), Some(0.0));
    fails(table.get(1.0).await, ErrorKind::Decode, &["NaN"]);
    // The one whose key is no number comes last, and is no end of its own.
    let seen: Vec<Result<_, Error>> =
        futures_util::StreamExt::collect(table.range(..).rev().stream()).await;
    assert!(seen[0].is_err());
    assert_eq!((seen.len(), seen.iter().filter(|row| row.is_ok()).count()), (8, 6));
    let limits: Table<RawText, Bytes> = {
        let (_, schema) = made("(key text, value bytea, PRIMARY KEY (key))").await;
        adopted(&schema).await.table("t").await.unwrap()
    };
    // Four bytes in the column for one of the key, and nothing for the index to compress.
    let mut state = 1_u32;
    let mut random = |length: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0] | 0x80
        };
        (0..length).map(|_| next()).collect()
    };
    limits.insert(&random(500), b"").await.unwrap();
    let long = random(2000);
    fails(limits.insert(&long, b"").await, ErrorKind::TooLarge, &["index"]);
    assert_eq!(limits.get(&long).await.unwrap(), None);
    assert_eq!(limits.len().await.unwrap(), 1);
}
