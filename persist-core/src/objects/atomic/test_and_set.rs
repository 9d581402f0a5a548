//! Compare and set.

use std::future::Future;

use super::Atomic;
use crate::column::{Column, KeyColumn};
use crate::{Result, Swap};

impl<K: KeyColumn, V: Column> Atomic<K, V> {
    /// Makes `set` of the value of `key` if it is `test`; `None` is absent, on both sides. Whether
    /// it did. Durable on return, and atomic among tasks and processes.
    ///
    /// | `test` | there is | `set` | gives | what happens |
    /// | --- | --- | --- | --- | --- |
    /// | `None` | nothing | `None` | `true` | nothing |
    /// | `None` | nothing | `Some(v)` | `true` | `v` is added |
    /// | `None` | some value | any | `false` | nothing |
    /// | `Some(t)` | nothing | any | `false` | nothing |
    /// | `Some(t)` | `t` | `Some(v)` | `true` | `v` replaces `t`; watchers hear of it if it differs |
    /// | `Some(t)` | `t` | `None` | `true` | `t` is removed |
    /// | `Some(t)` | another value | any | `false` | nothing |
    ///
    /// What is compared are decoded values, by `PartialEq`; that the compared one is still there
    /// is judged together with the write. `false` means that another value was there: unlike in
    /// the reference, it is never spurious. And a value that cannot be decoded is an error here,
    /// where [`find`](Self::find) calls it absent: it is not overwritten by chance.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`, `Decode`, `Closed`, and what the engine reports.
    pub fn test_and_set(
        &self,
        key: K::Borrowed<'_>,
        test: Option<V::Borrowed<'_>>,
        set: Option<V::Borrowed<'_>>,
    ) -> impl Future<Output = Result<bool>> + Send + use<K, V>
    where
        V::Owned: PartialEq,
    {
        let swap = self.table.compare_and_set(key, test, set);
        async move { Ok(matches!(swap.await?, Swap::Done)) }
    }
}
