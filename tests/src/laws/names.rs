//! Law 9: any name.

use persist_core::column::{Bytes, Real, Text};
use persist_core::{ErrorKind, Persist, Ref, Table};

use crate::aid::{all, fails, names, numbers};
use crate::{Place, Subject};

/// Names that a store may confuse, with each other or with something of its own.
const ODD: &[&str] = &[
    "t",
    "T",
    "mytable",
    "MyTable",
    "My Table",
    "my_table",
    "my%table",
    "mytable ",
    "mytable  ",
    " mytable",
    "mytable\t",
    "mytable\n",
    "x\"; drop table y",
    "y",
    "x'; drop table y; --",
    "`t`",
    "[t]",
    "{t}",
    "select",
    "table",
    "sqlite_master",
    "sqlite_sequence",
    "sqlite_x",
    "pg_class",
    "main.t",
    "temp.t",
    "t.t",
    "t:t",
    "t/t",
    "../t",
    ".",
    "..",
    "C:\\t",
    "CON",
    "-",
    "--",
    "$1",
    "?1",
    ":a",
    "@a",
    "%s",
    "0",
    "1",
    "00",
    "-1",
    "1e3",
    "null",
    "true",
    "\u{1}",
    "\u{7f}",
    "é",
    "e\u{301}",
    "ſ",
    "s",
    "S",
    "İ",
    "i",
    "I",
    "ı",
    "ß",
    "ss",
    "日本",
    "😀",
    "👩‍🚀",
    "\u{feff}t",
    "\u{200b}t",
    "\u{202e}t",
    "\u{fffd}",
    "\u{10ffff}",
    "_persist",
    "persist",
    "__Persist",
    "t_1",
    "t_2",
    "__ocsipersist",
];

/// Odd names work and never meet.
pub async fn odd<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let long = long();
    let every: Vec<&str> = ODD.iter().copied().chain(long.iter().map(String::as_str)).collect();
    for (number, name) in (0..).zip(&every) {
        numbers(&store, name).await.insert(name, number).await.unwrap();
    }
    for (number, name) in (0..).zip(&every) {
        let table = numbers(&store, name).await;
        assert_eq!(table.name(), *name);
        assert_eq!(all(table.range(..)).await, [((*name).to_owned(), number)], "{name:?}");
    }
    let mut sorted: Vec<String> = every.iter().map(|name| (*name).to_owned()).collect();
    sorted.sort();
    assert_eq!(listed(&store).await, sorted, "tables are listed by name, exactly as given");
}

/// Dropping a table of an odd name touches no other.
pub async fn dropped_alone<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    for name in ODD {
        numbers(&store, name).await.insert("a", 1).await.unwrap();
    }
    let mut left: Vec<String> = ODD.iter().map(|name| (*name).to_owned()).collect();
    left.sort();
    for name in ODD.iter().step_by(2) {
        assert!(store.drop_table(name).await.unwrap(), "{name:?} is there");
        assert!(!store.drop_table(name).await.unwrap(), "{name:?} is gone");
        left.retain(|other| other != name);
        assert_eq!(listed(&store).await, left);
    }
    for (number, name) in ODD.iter().enumerate() {
        let held = numbers(&store, name).await.len().await.unwrap();
        assert_eq!(held, (number % 2) as u64, "{name:?}");
    }
}

/// A table that was dropped may come back, empty, with other columns.
pub async fn made_anew<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    for name in ["t", "My Table", "x\"; drop table y"] {
        numbers(&store, name).await.insert("a", 1).await.unwrap();
        assert!(store.drop_table(name).await.unwrap());
        let table: Table<Bytes, Real> = store.table(name).await.unwrap();
        assert!(table.is_empty().await.unwrap());
        table.insert(b"a", 0.5).await.unwrap();
        assert_eq!(all(table.range(..)).await, [(b"a".to_vec(), 0.5)]);
    }
}

/// Names that are refused: empty, past 200 bytes, with NUL, reserved. Nothing is made or dropped.
pub async fn refused<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let long = ["x".repeat(201), "é".repeat(101), "x".repeat(10_000)];
    let bad = ["", "\0", "a\0", "\0a", "__persist", "__persist_x", "__persist__registry"];
    for name in bad.into_iter().chain(long.iter().map(String::as_str)) {
        let error = fails(store.table::<Text, Bytes>(name).await, ErrorKind::InvalidName);
        names(&error, &["200 bytes", "NUL"]);
        fails(store.drop_table(name).await, ErrorKind::InvalidName);
    }
    assert!(listed(&store).await.is_empty());
}

/// References may have any name without NUL, each its own value; they do not meet tables.
pub async fn references<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let every = || ODD.iter().copied().chain([""]);
    for (number, name) in every().enumerate() {
        Ref::persistent(&store, name, 0).await.unwrap().set(number).await.unwrap();
        numbers(&store, if name.is_empty() { "empty" } else { name }).await;
    }
    for (number, name) in every().enumerate() {
        let found = Ref::persistent(&store, name, 0).await.unwrap().get().await.unwrap();
        assert_eq!(found, number, "{name:?}");
    }
    fails(Ref::persistent(&store, "a\0b", 0).await, ErrorKind::InvalidKey);
}

/// Names of just 200 bytes, different at their ends alone.
fn long() -> Vec<String> {
    let ascii = ["a", "b", "A", " "].map(|end| format!("{}{end}", "x".repeat(199)));
    let wide = ["é", "è"].map(|end| format!("{}{end}", "é".repeat(99)));
    ascii.into_iter().chain(wide).collect()
}

async fn listed(store: &Persist) -> Vec<String> {
    store.tables().await.unwrap().into_iter().map(|info| info.spec.name).collect()
}

/// Tables are listed by name, with what they hold.
pub async fn sizes<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    for (name, rows) in [("b", 2_usize), ("a", 3), ("c", 0)] {
        let table = numbers(&store, name).await;
        for n in 0..rows {
            table.insert(&crate::aid::key(n), 1).await.unwrap();
        }
    }
    let sizes = store.sizes().await.unwrap();
    let told: Vec<_> =
        sizes.iter().map(|size| (size.info.spec.name.as_str(), size.rows, size.bytes)).collect();
    // Keys of 7 bytes, and integers of 8.
    assert_eq!(told, [("a", 3, 45), ("b", 2, 30), ("c", 0, 0)]);
    assert!(store.drop_table("a").await.unwrap());
    assert_eq!(store.sizes().await.unwrap().len(), 2);
}
