//! What the laws share: cells, raw operations, tasks, and futures that are dropped halfway.

pub(crate) mod cells;
pub(crate) mod polls;
pub(crate) mod tasks;

use std::fmt::Debug;

use futures_util::TryStreamExt;
use persist_core::column::{Column, Integer, KeyColumn, Text};
use persist_core::{Error, ErrorKind, Outcome, Persist, Range, Result, Table};

/// The table that most laws use.
pub(crate) type Numbers = Table<Text, Integer>;

/// Opens the table that most laws use.
pub(crate) async fn numbers(store: &Persist, name: &str) -> Numbers {
    store.table(name).await.expect("a table opens")
}

/// All that a range holds, which must all be readable.
pub(crate) async fn all<K: KeyColumn, V: Column>(range: Range<K, V>) -> Vec<(K::Owned, V::Owned)> {
    range.stream().try_collect().await.expect("the range can be read")
}

/// The keys of a range.
pub(crate) async fn keys<K: KeyColumn, V: Column>(range: Range<K, V>) -> Vec<K::Owned> {
    all(range).await.into_iter().map(|(key, _)| key).collect()
}

/// The error of what must fail, and fail so.
#[track_caller]
pub(crate) fn fails<T: Debug>(result: Result<T>, kind: ErrorKind) -> Error {
    let error = result.expect_err("this must be refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
    error
}

/// That a message names all of these.
#[track_caller]
pub(crate) fn names(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} does not name {part:?}");
    }
}

/// The key that stands for a number, such that keys sort as their numbers.
pub(crate) fn key(number: usize) -> String {
    format!("k{number:06}")
}
