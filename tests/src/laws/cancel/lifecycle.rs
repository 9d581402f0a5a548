//! Opening, dropping and closing, dropped halfway.

use persist_core::column::{Integer, Text};
use persist_core::{ErrorKind, Ref};
use rand::RngExt;

use super::load::Load;
use crate::aid::polls::drop_after;
use crate::aid::{all, numbers};
use crate::{Place, Subject};

/// Tables and references whose opening or removal was dropped are there or not, and work.
pub async fn opens<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let load = Load::on(&store).await;
    let rng = &mut place.rng();
    for round in 0..60 {
        let name = format!("t{round}");
        drop_after(rng.random_range(0..4), store.table::<Text, Integer>(&name)).await;
        let table = numbers(&store, &name).await;
        table.insert("a", 1).await.unwrap();
        let listed = store.tables().await.unwrap();
        let found = listed.iter().filter(|info| info.spec.name == name).count();
        assert_eq!(found, 1, "a table is listed once");
        drop_after(rng.random_range(0..4), store.drop_table(&name)).await;
        match table.get("a").await {
            Ok(found) => assert_eq!(found, Some(1)),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
        }
        store.drop_table(&name).await.unwrap();
        assert!(all(numbers(&store, &name).await.range(..)).await.is_empty());
        drop_after(rng.random_range(0..6), Ref::persistent(&store, &name, 5)).await;
        let opened = Ref::persistent(&store, &name, 5).await.unwrap();
        drop_after(rng.random_range(0..4), opened.set(6)).await;
        assert!([5, 6].contains(&opened.get().await.unwrap()));
    }
    load.undisturbed().await;
}

/// A `close` that was dropped can be called again, and what was acknowledged before it is there.
pub async fn closes<S: Subject>(place: Place<S>) {
    for polls in 0..4 {
        let place = place.beside(&format!("store{polls}"));
        let (backend, store) = place.both().await;
        let table = numbers(&store, "t").await;
        table.insert("a", 1).await.unwrap();
        drop_after(polls, backend.close()).await;
        match table.insert("b", 1).await {
            Ok(()) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::Closed, "{error}"),
        }
        store.close().await.unwrap();
        backend.close().await.unwrap();
        assert_eq!(table.get("a").await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(backend.tables().await.unwrap_err().kind(), ErrorKind::Closed);
    }
}
