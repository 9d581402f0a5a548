//! Following changes.
#![expect(clippy::print_stdout, reason = "it shows what it does")]

use futures_util::TryStreamExt;
use persist_core::column::{Json, Text};
use persist_core::{Change, Result, Table};

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Flag {
    on: bool,
}

async fn follow(flags: Table<Text, Json<Flag>>) -> Result<()> {
    let mut seen = flags.range(..).prefix("beta/").watch();
    while let Some((name, change)) = seen.try_next().await? {
        match change {
            Change::Added(f) | Change::Updated { new: f, .. } => println!("{name}: {f:?}"),
            Change::Removed { .. } => println!("{name}: gone"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn until_the_store_is_closed() {
    let (stores, _place) = super::stores().await;
    for store in stores {
        let flags: Table<Text, Json<Flag>> = store.table("flags").await.unwrap();
        let following = tokio::spawn(follow(flags.clone()));
        let mut range = flags.watch("beta/".."beta0");
        range.ready().await.unwrap();
        flags.insert("beta/dark", &Flag { on: true }).await.unwrap();
        let (name, change) = range.try_next().await.unwrap().unwrap();
        assert!(matches!(change, Change::Added(Flag { on: true })), "{name}: {change:?}");
        store.close().await.unwrap();
        match following.await.unwrap() {
            Ok(()) => {}
            // It had no time to begin.
            Err(e) => assert_eq!(e.kind(), persist_core::ErrorKind::Closed),
        }
    }
}
