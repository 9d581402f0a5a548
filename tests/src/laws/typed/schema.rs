//! Opening with other columns or codecs.

use persist_core::backend::{Cell, CellType};
use persist_core::column::{
    Bytes, CodecError, Column, Integer, Json, KeyColumn, Pair, Postcard, Real, Text,
};
use persist_core::{ErrorKind, Ref, Table};

use crate::aid::cells::put;
use crate::aid::tasks::ends;
use crate::aid::{all, fails, names, numbers};
use crate::{Place, Subject};

use super::corrupt::{reference_table, sealed};

/// Another cell type or another codec, of keys or of values, is `SchemaMismatch`, naming both;
/// the table stays as it is.
pub async fn columns<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    table.insert("a", 1).await.unwrap();
    let refused = [
        (
            fails(store.table::<Bytes, Integer>("t").await, ErrorKind::SchemaMismatch),
            "bytes/1",
            "text/1",
        ),
        (
            fails(store.table::<Integer, Integer>("t").await, ErrorKind::SchemaMismatch),
            "integer/1",
            "text/1",
        ),
        (
            fails(store.table::<Text, Real>("t").await, ErrorKind::SchemaMismatch),
            "real/1",
            "integer/1",
        ),
        (
            fails(store.table::<Text, Json<i64>>("t").await, ErrorKind::SchemaMismatch),
            "json/1",
            "integer/1",
        ),
    ];
    for (error, asked, stored) in &refused {
        names(error, &["\"t\"", asked, stored]);
        assert_eq!(error.table_name(), Some("t"));
    }
    let pairs: Table<Pair<Text, Integer>, Postcard<u8>> = store.table("pairs").await.unwrap();
    pairs.insert(("a", 1), &1).await.unwrap();
    // The same types of cells, other codecs.
    let error = fails(
        store.table::<Pair<Text, Text>, Postcard<u8>>("pairs").await,
        ErrorKind::SchemaMismatch,
    );
    names(&error, &["pair/1(text/1,text/1)", "pair/1(text/1,integer/1)"]);
    let error =
        fails(store.table::<Pair<Text, Integer>, Bytes>("pairs").await, ErrorKind::SchemaMismatch);
    names(&error, &["bytes/1", "postcard/1"]);
    assert_eq!(all(numbers(&store, "t").await.range(..)).await, [("a".to_owned(), 1)]);
    assert_eq!(store.tables().await.unwrap().len(), 2);
}

/// Tasks that open one table at once all get it, once; of those that differ in its columns, one
/// kind gets it.
pub async fn made_at_once<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    for round in 0..10 {
        let name = format!("t{round}");
        let opened: Vec<_> = (0..16)
            .map(|task| {
                let (store, name) = (store.clone(), name.clone());
                tokio::spawn(async move {
                    if task % 2 == 0 {
                        store.table::<Text, Integer>(&name).await.map(drop)
                    } else {
                        store.table::<Bytes, Integer>(&name).await.map(drop)
                    }
                })
            })
            .collect();
        let mut refused = [0, 0];
        for (task, opened) in ends(opened).await.into_iter().enumerate() {
            if let Err(error) = opened {
                assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
                refused[task % 2] += 1;
            }
        }
        assert!(refused == [0, 8] || refused == [8, 0], "refused: {refused:?}");
        assert_eq!(store.tables().await.unwrap().len(), round + 1);
    }
}

/// References carry the name of their codec; another one is `SchemaMismatch`, naming both.
pub async fn references<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let good = Ref::persistent(&store, "r", 7_u64).await.unwrap();
    let table = reference_table(&backend).await;
    put(&backend, &table, Cell::Text("r".into()), sealed("json/1", b"7")).await;
    for error in [
        fails(good.get().await, ErrorKind::SchemaMismatch),
        fails(good.update(|n| n + 1).await, ErrorKind::SchemaMismatch),
        fails(Ref::persistent(&store, "r", 7_u64).await, ErrorKind::SchemaMismatch),
    ] {
        names(&error, &["\"r\"", "json/1", "postcard/1"]);
    }
    let stored = crate::aid::cells::get(&*backend, &table, Cell::Text("r".into())).await;
    assert!(stored == Some(sealed("json/1", b"7")), "it was overwritten");
}

/// A user's own column: what it refuses is `Encode` or `InvalidKey`, and cells of another type
/// than it declares never reach the engine.
pub async fn own_column<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table: Table<Even, Liar> = store.table("t").await.unwrap();
    fails(table.insert(3, 0).await, ErrorKind::InvalidKey);
    fails(table.insert(2, 0).await, ErrorKind::Encode);
    fails(table.get(5).await, ErrorKind::InvalidKey);
    assert!(table.is_empty().await.unwrap());
    let table: Table<Even, Even> = store.table("even").await.unwrap();
    table.insert(2, 4).await.unwrap();
    fails(table.insert(2, 5).await, ErrorKind::Encode);
    assert_eq!(all(table.range(..=10)).await, [(2, 4)]);
    let error = fails(store.table::<Even, Integer>("even").await, ErrorKind::SchemaMismatch);
    names(&error, &["integer/1", "example.org/even/1"]);
}

/// Even numbers.
enum Even {}

impl Column for Even {
    type Borrowed<'a> = i64;
    type Owned = i64;
    const CELL: CellType = CellType::Integer;

    fn codec() -> String {
        "example.org/even/1".into()
    }
    fn encode(number: i64) -> Result<Cell, CodecError> {
        if number % 2 == 0 { Ok(Cell::Integer(number)) } else { Err("odd".into()) }
    }
    fn decode(cell: Cell) -> Result<i64, CodecError> {
        let Cell::Integer(number) = cell else { return Err("not an integer".into()) };
        if number % 2 == 0 { Ok(number) } else { Err("odd".into()) }
    }
    fn borrow(owned: &i64) -> i64 {
        *owned
    }
}

impl KeyColumn for Even {}

/// Declares text and encodes integers.
enum Liar {}

impl Column for Liar {
    type Borrowed<'a> = i64;
    type Owned = i64;
    const CELL: CellType = CellType::Text;

    fn codec() -> String {
        "example.org/liar/1".into()
    }
    fn encode(number: i64) -> Result<Cell, CodecError> {
        Ok(Cell::Integer(number))
    }
    fn decode(_: Cell) -> Result<i64, CodecError> {
        Err("never".into())
    }
    fn borrow(owned: &i64) -> i64 {
        *owned
    }
}
