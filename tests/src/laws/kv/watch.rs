//! Being told what changed.

use std::collections::BTreeMap;

use futures_util::{FutureExt, StreamExt, TryStreamExt};
use persist_core::Change;
use persist_core::kv::{KvWatch, Stat};

use super::aid::sown;
use crate::{KvSubject, Place};

/// What a watcher has been told, until `until` holds of it: sizes by key, `None` for dictionaries.
async fn follow(
    watch: &mut KvWatch,
    known: &mut BTreeMap<String, Option<u64>>,
    until: impl Fn(&BTreeMap<String, Option<u64>>) -> bool,
) {
    while !until(known) {
        let (key, change) = watch.try_next().await.unwrap().expect("the store is open");
        let size = |stat: &Stat| match stat {
            Stat::Value(value) => Some(value.size),
            Stat::Dictionary(_) => None,
            other => panic!("{key} is told to be {other:?}"),
        };
        let key = key.to_string();
        match change {
            Change::Added(new) => assert_eq!(known.insert(key, size(&new)), None),
            Change::Updated { old, new } => {
                assert_eq!(known.insert(key, size(&new)), Some(size(&old)));
            }
            Change::Removed { old } => assert_eq!(known.remove(&key), Some(size(&old))),
        }
    }
}

fn known(entries: &[(&str, Option<u64>)]) -> BTreeMap<String, Option<u64>> {
    entries.iter().map(|(key, size)| ((*key).to_owned(), *size)).collect()
}

/// A value that comes, changes, goes and comes again, with all that is above it.
pub async fn watch_value<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let mut watch = kv.watch("d/v");
    watch.ready().await.unwrap();
    let mut seen = BTreeMap::new();
    for (value, size) in [("1", 1), ("22", 2), ("33", 2)] {
        kv.set("d/v", value).await.unwrap();
        follow(&mut watch, &mut seen, |seen| *seen == known(&[("/d/v", Some(size))])).await;
    }
    // With another size each time, so that what is told can be told apart.
    kv.set_partial("d/v", 2, "4").await.unwrap();
    follow(&mut watch, &mut seen, |seen| *seen == known(&[("/d/v", Some(3))])).await;
    kv.rename("d", "e").await.unwrap();
    follow(&mut watch, &mut seen, BTreeMap::is_empty).await;
    kv.rename("e", "d").await.unwrap();
    follow(&mut watch, &mut seen, |seen| *seen == known(&[("/d/v", Some(3))])).await;
    kv.remove("").await.unwrap();
    follow(&mut watch, &mut seen, BTreeMap::is_empty).await;
    let mut bad = kv.watch("a/..");
    assert!(bad.next().await.unwrap().is_err());
    assert!(bad.next().await.is_none());
}

/// A dictionary: its direct entries, and not what is below them.
pub async fn watch_dictionary<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("d/a", "1"), ("d/e/x", "1")]).await;
    let mut watch = kv.watch("d");
    watch.ready().await.unwrap();
    let mut seen = known(&[("/d", None), ("/d/a", Some(1)), ("/d/e", None)]);
    kv.set("d/e/y", "below").await.unwrap();
    kv.set("d/b", "22").await.unwrap();
    follow(&mut watch, &mut seen, |seen| seen.contains_key("/d/b")).await;
    let with_b = known(&[("/d", None), ("/d/a", Some(1)), ("/d/b", Some(2)), ("/d/e", None)]);
    assert_eq!(seen, with_b);
    kv.batch(async |batch| {
        batch.remove("d/e").await?;
        batch.set("d/a", "333").await?;
        batch.rename("d/b", "d/c").await
    })
    .await
    .unwrap();
    let after = known(&[("/d", None), ("/d/a", Some(3)), ("/d/c", Some(2))]);
    follow(&mut watch, &mut seen, |seen| *seen == after).await;
    kv.set("d", "a value now").await.unwrap();
    follow(&mut watch, &mut seen, |seen| *seen == known(&[("/d", Some(11))])).await;
    kv.disconnect().await;
    assert!(watch.next().await.is_none());
}

/// A slow watcher gets the last state, whatever came between, and holds up nobody.
pub async fn watch_last_state<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let mut watch = kv.watch("");
    watch.ready().await.unwrap();
    let mut seen = known(&[("/", None)]);
    for number in 0..300 {
        kv.set(format!("k{}", number % 10), "x".repeat(number)).await.unwrap();
    }
    let last: Vec<_> = (0..10).map(|key| (format!("/k{key}"), Some(290 + key))).collect();
    let last: BTreeMap<_, _> = last.into_iter().chain([("/".to_owned(), None)]).collect();
    follow(&mut watch, &mut seen, |seen| *seen == last).await;
    assert!(watch.next().now_or_never().is_none(), "told although nothing changed");
}
