//! Cells that no codec wrote.

use std::sync::Arc;

use persist_core::backend::{Backend, Cell, CellType, ColumnSpec, TableHandle, TableSpec};
use persist_core::column::{Column, Json, Postcard, Text};
use persist_core::{Error, ErrorKind, Ref, Table};

use crate::aid::cells::{get, put, table_of};
use crate::aid::{fails, names};
use crate::{Place, Subject};

/// A value that cannot be decoded is `Decode`, naming table and key, in every operation that
/// reads it, and is never overwritten by one. Operations that do not read it work.
pub async fn corrupt_values<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let table: Table<Text, Json<Vec<u8>>> = store.table("my table").await.unwrap();
    let raw = table_of::<Text, Json<Vec<u8>>>(&backend, "my table").await;
    for bad in ["", "[1", "{}", "[1] 2", "[256]", "null"] {
        let (key, bad) = (Cell::Text("my key".into()), Cell::Text(bad.into()));
        put(&backend, &raw, key.clone(), bad.clone()).await;
        let mut called = false;
        let errors = [
            fails(table.get("my key").await, ErrorKind::Decode),
            fails(table.get_many(["none", "my key"]).await, ErrorKind::Decode),
            fails(table.get_entry("my key").await, ErrorKind::Decode),
            fails(
                table
                    .update("my key", |_| {
                        called = true;
                        None
                    })
                    .await,
                ErrorKind::Decode,
            ),
            fails(table.update_or("my key", &vec![], |_| vec![]).await, ErrorKind::Decode),
            fails(table.try_update("my key", |_| Ok::<_, Error>(None)).await, ErrorKind::Decode),
        ];
        for error in errors {
            names(&error, &["\"my table\"", "\"my key\"", "json/1"]);
            assert!(!error.is_retryable());
        }
        assert!(!called, "a function was given a value that there is none of");
        let compared = table.compare_and_set("my key", None, Some(&vec![1])).await;
        names(&fails(compared, ErrorKind::Decode), &["\"my table\""]);
        assert!(get(&*backend, &raw, key).await == Some(bad), "it was overwritten");
        assert!(table.contains("my key").await.unwrap());
        assert!(!table.insert_if_absent("my key", &vec![1]).await.unwrap());
        table.insert("my key", &vec![1]).await.unwrap();
        assert_eq!(table.get("my key").await.unwrap(), Some(vec![1]));
    }
}

/// `Postcard` refuses bytes that are left over, and too few.
pub async fn left_over_bytes<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let table: Table<Text, Postcard<(u8, String)>> = store.table("t").await.unwrap();
    let raw = table_of::<Text, Postcard<(u8, String)>>(&backend, "t").await;
    table.insert("good", &(1, "a".into())).await.unwrap();
    let good = get(&*backend, &raw, Cell::Text("good".into())).await;
    let Some(Cell::Bytes(good)) = good else { panic!("not bytes") };
    for bad in
        [[&good[..], b"x"].concat(), [&good[..], &good[..]].concat(), good[..2].to_vec(), vec![]]
    {
        put(&backend, &raw, Cell::Text("bad".into()), Cell::Bytes(bad)).await;
        names(
            &fails(table.get("bad").await, ErrorKind::Decode),
            &["\"t\"", "\"bad\"", "postcard/1"],
        );
    }
    assert_eq!(table.get("good").await.unwrap(), Some((1, "a".into())));
}

/// A reference whose bytes are torn, or whose value is of another type, is `Decode`; the default
/// never takes its place silently.
pub async fn corrupt_references<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let good = Ref::persistent(&store, "r", String::new()).await.unwrap();
    let table = reference_table(&backend).await;
    let key = Cell::Text("r".into());
    for bad in
        [vec![], vec![1], vec![1, 200], vec![9, 0, 0], b"\x01\x0apostcard/1\x00\x05ab".to_vec()]
    {
        put(&backend, &table, key.clone(), Cell::Bytes(bad.clone())).await;
        for error in [
            fails(good.get().await, ErrorKind::Decode),
            fails(good.update(|text| text + "x").await, ErrorKind::Decode),
            fails(Ref::persistent(&store, "r", String::new()).await, ErrorKind::Decode),
        ] {
            names(&error, &["\"r\""]);
        }
        assert!(get(&*backend, &table, key.clone()).await == Some(Cell::Bytes(bad)));
    }
    good.set("fine".into()).await.unwrap();
    assert_eq!(good.get().await.unwrap(), "fine");
    fails(Ref::persistent(&store, "r", (0_u64, 0_u64, 0_u64)).await, ErrorKind::Decode);
    assert_eq!(good.get().await.unwrap(), "fine");
}

/// The table of references, opened on the contract.
pub(super) async fn reference_table(backend: &Arc<dyn Backend>) -> TableHandle {
    let value = ColumnSpec { cell: CellType::Bytes, codec: "variable/1".into() };
    let spec = TableSpec::new("__ocsipersist_ref_store__", Text::spec(), value);
    backend.open_table(spec).await.expect("the table of references opens")
}

/// What a reference of another codec would have stored.
pub(super) fn sealed(codec: &str, bytes: &[u8]) -> Cell {
    let length = u8::try_from(codec.len()).expect("a short name");
    Cell::Bytes([&[1, length], codec.as_bytes(), &[0], bytes].concat())
}
