//! What the laws of this family have in common.

use std::collections::BTreeMap;
use std::fmt::Debug;

use persist_core::kv::{Error, Kind, Kv, Result};

/// What a verb came to, in words that can be compared.
pub(super) fn told<T: Debug>(done: Result<T>) -> String {
    match done {
        Ok(value) => format!("{value:?}"),
        Err(error) => refusal(&error),
    }
}

/// An answer about keys, in words. Anything else breaks the law.
pub(super) fn refusal(error: &Error) -> String {
    match error {
        Error::NotFound(key) => format!("NotFound {key}"),
        Error::ValueExpected(key) => format!("ValueExpected {key}"),
        Error::DictionaryExpected(key) => format!("DictionaryExpected {key}"),
        Error::AlreadyPresent(key) => format!("AlreadyPresent {key}"),
        Error::RenameSourcePrefix(source, dest) => format!("RenameSourcePrefix {source} {dest}"),
        Error::InvalidKey(_, why) => format!("InvalidKey {why:?}"),
        Error::TooManyRetries(retries) => format!("TooManyRetries {retries}"),
        other => panic!("the storage failed: {other:?}"),
    }
}

/// The entries of a dictionary: their keys, dictionaries with a `/` at the end.
pub(super) async fn listed(kv: &Kv, key: &str) -> Vec<String> {
    let entries = kv.list(key).await.unwrap().into_iter();
    let shown = entries.map(|entry| match entry.kind {
        Kind::Value => entry.key.to_string(),
        Kind::Dictionary => format!("{}/", entry.key),
    });
    shown.collect()
}

/// All that is in a store: values by their keys, and dictionaries, with a `/` at the end.
pub(super) async fn all(kv: &Kv) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut left = vec![String::new()];
    while let Some(above) = left.pop() {
        for key in listed(kv, &above).await {
            match key.strip_suffix('/') {
                Some(dictionary) => {
                    left.push(dictionary.to_owned());
                    all.insert(key, Vec::new());
                }
                None => drop(all.insert(key.clone(), kv.get(&key).await.unwrap())),
            }
        }
    }
    all
}

/// Values by their keys, written one after the other.
pub(super) async fn sown(kv: &Kv, values: &[(&str, &str)]) {
    for (key, value) in values {
        kv.set(*key, value).await.unwrap();
    }
}

/// A value that tells its parts apart.
pub(super) fn pattern(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let words = std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()
    });
    words.flatten().take(size).collect()
}

/// Nothing is left over, as soon as it can be taken away, and nothing is lost or damaged.
pub(super) async fn clean(kv: &Kv) {
    loop {
        kv.tidy().await.unwrap();
        let health = kv.check().await.unwrap();
        assert_eq!(health.orphans, 0, "{health:?}");
        assert_eq!(health.damages, [""; 0], "{health:?}");
        if health.leftovers == 0 {
            return;
        }
        // A lease has to lapse. The law's own patience is the limit.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
