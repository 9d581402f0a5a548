//! Changes are told, whoever makes them.

use std::fs;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use persist_core::Change;
use persist_core::kv::{KvWatch, Stat};

use crate::Dir;

/// Waits until a change of this key is told.
async fn until(watch: &mut KvWatch, key: &str, wanted: fn(&Change<Stat>) -> bool) {
    let told = async {
        while let Some((changed, change)) = watch.try_next().await.unwrap() {
            if changed.to_string() == key && wanted(&change) {
                return;
            }
        }
        panic!("the watch has ended");
    };
    let patience = Duration::from_mins(1);
    tokio::time::timeout(patience, told).await.unwrap_or_else(|_| panic!("nothing about {key}"));
}

fn added(change: &Change<Stat>) -> bool {
    matches!(change, Change::Added(_))
}

fn updated(change: &Change<Stat>) -> bool {
    matches!(change, Change::Updated { .. })
}

fn removed(change: &Change<Stat>) -> bool {
    matches!(change, Change::Removed { .. })
}

#[tokio::test]
async fn edits_of_other_programs_are_told() {
    let dir = Dir::new();
    let kv = dir.open().await;
    let mut inbox = kv.watch("deep/in/box");
    inbox.ready().await.unwrap();
    // Nothing on the way is there yet.
    fs::create_dir_all(dir.file("deep/in/box")).unwrap();
    until(&mut inbox, "/deep/in/box", added).await;
    fs::write(dir.file("deep/in/box/a"), "1").unwrap();
    until(&mut inbox, "/deep/in/box/a", added).await;
    fs::write(dir.file("deep/in/box/a"), "22").unwrap();
    until(&mut inbox, "/deep/in/box/a", updated).await;
    fs::rename(dir.file("deep/in"), dir.file("deep/out")).unwrap();
    until(&mut inbox, "/deep/in/box", removed).await;
    fs::rename(dir.file("deep/out"), dir.file("deep/in")).unwrap();
    until(&mut inbox, "/deep/in/box/a", added).await;
    fs::remove_file(dir.file("deep/in/box/a")).unwrap();
    until(&mut inbox, "/deep/in/box/a", removed).await;
}

#[tokio::test]
async fn our_own_changes_are_told_to_every_watch() {
    let dir = Dir::new();
    let (kv, other) = (dir.open().await, dir.open().await);
    kv.set("a", "1").await.unwrap();
    let mut watches = [kv.watch("a"), other.watch("a"), other.watch("/")];
    for watch in &mut watches {
        watch.ready().await.unwrap();
    }
    kv.set("a", "2").await.unwrap();
    for watch in &mut watches {
        until(watch, "/a", updated).await;
    }
    other.remove("a").await.unwrap();
    for watch in &mut watches {
        until(watch, "/a", removed).await;
    }
    kv.disconnect().await;
    let [mut ended, goes_on, _] = watches;
    assert!(ended.next().await.is_none());
    drop(ended);
    let mut goes_on = goes_on;
    other.set("a", "3").await.unwrap();
    until(&mut goes_on, "/a", added).await;
}
