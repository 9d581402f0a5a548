//! Variables: values with a default, in stores and in tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use persist_core::backend::{Cell, Expect, TableHandle, Write};
use persist_core::{ErrorKind, Persist, Polymorphic, Ref, Store};

use crate::aid::cells::{commit, op, put, text};
use crate::aid::tasks::ends;
use crate::aid::{fails, names, numbers};
use crate::{Place, Subject};

/// A value that is there is kept, and a default that is not needed is not made.
pub async fn kept<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let settings = Store::open(&store, "settings").await.unwrap();
    let first = settings.variable("n", 1_u32).await.unwrap();
    first.set(&2).await.unwrap();
    assert_eq!(settings.variable("n", 9_u32).await.unwrap().get().await.unwrap(), 2);
    let lazy = settings.variable_with::<u32, _>("n", || panic!("not needed")).await.unwrap();
    assert_eq!(lazy.get().await.unwrap(), 2);
    let later = settings.variable_with_async("n", || async { unreachable!("not needed") }).await;
    assert_eq!(later.unwrap().update(|n: u32| n + 1).await.unwrap(), 3);
    assert_eq!(first.get().await.unwrap(), 3, "all are one variable");
    let made = settings.variable_with_async("later", || async { "made".to_owned() }).await.unwrap();
    assert_eq!(made.get().await.unwrap(), "made");
}

/// Of many tasks that open a variable at once, one makes the default, and all get it.
pub async fn default_once<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let settings = Store::open(&store, "settings").await.unwrap();
    let made = Arc::new(AtomicU32::new(0));
    let race = |_| {
        let (settings, made) = (settings.clone(), Arc::clone(&made));
        tokio::spawn(async move {
            let default = move || {
                let made = Arc::clone(&made);
                async move {
                    tokio::task::yield_now().await;
                    made.fetch_add(1, Ordering::SeqCst)
                }
            };
            settings.variable_with_async("n", default).await.unwrap().get().await.unwrap()
        })
    };
    let values = ends((0..32).map(race)).await;
    assert_eq!(values, [0; 32]);
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

/// A variable whose row somebody removed is made again by reading, setting and updating it.
pub async fn removed_row<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let settings = Store::open(&store, "settings").await.unwrap();
    let n = settings.variable("n", 5_i64).await.unwrap();
    let table = opened(&store, &backend, "settings").await;
    let remove = || async {
        let ops = vec![op(&table, text("n"), Expect::Present, Write::Delete)];
        assert_eq!(commit(&backend, ops).await.unwrap(), persist_core::backend::Commit::Applied);
    };
    remove().await;
    assert_eq!(n.get().await.unwrap(), 5);
    remove().await;
    n.set(&7).await.unwrap();
    assert_eq!(n.get().await.unwrap(), 7);
    remove().await;
    assert_eq!(n.update(|n| n + 1).await.unwrap(), 6);
}

/// A value that another codec wrote is `SchemaMismatch`, bytes that are none are `Decode`; a
/// table of other columns is no store.
pub async fn codecs<S: Subject>(place: Place<S>) {
    let (backend, store) = place.both().await;
    let settings = Store::open(&store, "settings").await.unwrap();
    settings.variable("n", 5_u8).await.unwrap();
    let table = opened(&store, &backend, "settings").await;
    let n = text("n");
    put(&backend, &table, n.clone(), Cell::Bytes(b"\x01\x06json/1\x005".to_vec())).await;
    let error = fails(settings.variable("n", 5_u8).await, ErrorKind::SchemaMismatch);
    names(&error, &["settings", "\"n\"", "json/1", "postcard/1"]);
    for torn in [&b""[..], b"\x01", b"\x01\x0apostcard/1\x00", b"\x01\x0apostcard/1\x00\x05\x06"] {
        put(&backend, &table, n.clone(), Cell::Bytes(torn.to_vec())).await;
        let error = fails(settings.variable("n", 5_u8).await, ErrorKind::Decode);
        names(&error, &["settings", "\"n\""]);
    }
    numbers(&store, "numbers").await;
    fails(Store::open(&store, "numbers").await, ErrorKind::SchemaMismatch);
    fails(settings.variable("a\0b", 1_u8).await, ErrorKind::InvalidKey);
}

/// A variable of a table writes nothing until its first reading, and is a row like others.
pub async fn of_tables<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let n = table.variable("n", 100).unwrap();
    assert!(table.is_empty().await.unwrap());
    assert_eq!(n.get().await.unwrap(), 100);
    assert_eq!(table.get("n").await.unwrap(), Some(100));
    table.remove("n").await.unwrap();
    assert_eq!(n.update(|n| n + 1).await.unwrap(), 101);
    table.insert("n", 7).await.unwrap();
    assert_eq!(n.get().await.unwrap(), 7);
    let lazy = table.variable_with("lazy", || 3).unwrap();
    assert_eq!(lazy.get().await.unwrap(), 3);
    let later = table.variable_with_async("later", || async { 4 }).unwrap();
    later.set(&5).await.unwrap();
    assert_eq!(later.get().await.unwrap(), 5);
    fails(table.variable("a\0b", 1), ErrorKind::InvalidKey);
}

/// References are variables of the store that Ocsipersist names, and polymorphic tables are
/// tables of text and postcard.
pub async fn mirrors<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let reference = Ref::persistent(&store, "r", 444_u32).await.unwrap();
    let references = Store::open(&store, "__ocsipersist_ref_store__").await.unwrap();
    assert_eq!(references.variable("r", 0_u32).await.unwrap().get().await.unwrap(), 444);
    reference.set(5).await.unwrap();
    assert_eq!(references.variable("r", 0_u32).await.unwrap().get().await.unwrap(), 5);
    let polymorphic: Polymorphic<Vec<String>> = store.table("p").await.unwrap();
    polymorphic.insert("k", &vec!["v".into()]).await.unwrap();
    assert_eq!(polymorphic.get("k").await.unwrap(), Some(vec!["v".to_owned()]));
    assert_eq!(polymorphic.name(), "p");
}

/// A table of the store, on the contract, with the columns that it was made with.
async fn opened(
    store: &Persist,
    backend: &Arc<dyn persist_core::backend::Backend>,
    name: &str,
) -> TableHandle {
    let listed = store.tables().await.unwrap();
    let info = listed.into_iter().find(|info| info.spec.name == name).unwrap();
    backend.open_table(info.spec).await.unwrap()
}
