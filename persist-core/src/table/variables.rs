//! Rows of a table as variables.

use std::sync::Arc;

use super::Table;
use crate::Result;
use crate::column::{Column, KeyColumn, encode_key, encode_value};
use crate::variable::{Default, Form, Variable};

impl<K: KeyColumn, V: Column> Table<K, V> {
    /// The row of `key` as a variable. Nothing is read or written yet: the first
    /// [`get`](Variable::get) of an absent key writes the default.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::{Table, column::{Integer, Text}};
    /// # let store = persist_mem::Options::new().open().await?;
    /// # let counters: Table<Text, Integer> = store.table("counters").await?;
    /// let next_id = counters.variable("next_id", 100)?;
    /// assert_eq!(next_id.update(|n| n + 1).await?, 101);
    /// assert_eq!(counters.get("next_id").await?, Some(101));
    /// # Ok::<_, persist_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`, `Encode`.
    #[doc(alias = "Variable.make")]
    pub fn variable(
        &self,
        key: K::Borrowed<'_>,
        default: V::Borrowed<'_>,
    ) -> Result<Variable<V::Owned>> {
        let default = encode_value::<V>(default).map(Default::known);
        self.row(key, default)
    }

    /// As [`variable`](Self::variable), with a default that is made only if it is needed.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`.
    #[doc(alias = "Variable.make_lazy")]
    pub fn variable_with<F>(&self, key: K::Borrowed<'_>, default: F) -> Result<Variable<V::Owned>>
    where
        F: Fn() -> V::Owned + Send + Sync + 'static,
    {
        self.row(key, Ok(Default::lazy(&Form::plain::<V>(), default)))
    }

    /// As [`variable_with`](Self::variable_with), with a default that takes time to make. While
    /// it is made, other tasks that need it wait; it must not itself read the variable.
    ///
    /// # Errors
    /// `InvalidKey`, `TooLarge`.
    #[doc(alias = "Variable.make_lazy_lwt")]
    pub fn variable_with_async<F, Fut>(
        &self,
        key: K::Borrowed<'_>,
        default: F,
    ) -> Result<Variable<V::Owned>>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = V::Owned> + Send + 'static,
    {
        self.row(key, Ok(Default::lazy_async(&Form::plain::<V>(), default)))
    }

    fn row(&self, key: K::Borrowed<'_>, default: Result<Default>) -> Result<Variable<V::Owned>> {
        let blame = |error| self.raw.blame("variable", error);
        let key = encode_key::<K>(key).map_err(blame)?;
        let default = default.map_err(blame)?;
        Ok(Variable::new(Arc::clone(&self.raw), key, Form::plain::<V>(), default))
    }
}
