//! Single values that carry the name of their codec.

mod seal;

use std::marker::PhantomData;
use std::sync::Arc;

use crate::backend::{Cell, Expect, TableSpec, Write};
use crate::column::{Bytes, Column, Text, encode_key};
use crate::table::RawTable;
use crate::{Error, Persist, Result, Table};
use seal::{seal, unseal};

/// The store of references, under the name that Ocsipersist gives it.
pub(crate) const REFERENCES: &str = "__ocsipersist_ref_store__";

/// A named value in a table of such values.
#[derive(Debug)]
pub(crate) struct Variable<V> {
    raw: Arc<RawTable>,
    key: Cell,
    /// What an absent row stands for.
    default: Cell,
    column: PhantomData<fn() -> V>,
}

impl<V: Column> Variable<V> {
    /// Opens the variable, writing the default if it has no value, and checks the value.
    pub(crate) async fn open(
        persist: &Persist,
        table: &str,
        name: Result<Cell>,
        default: Result<Cell>,
    ) -> Result<Self> {
        let (key, default) = (name?, default?);
        let spec = TableSpec::new(table, Text::spec(), seal::spec());
        let table: Table<Text, Bytes> = persist.open_table("open", Ok(spec)).await?;
        let raw = Arc::clone(table.raw());
        let variable = Self { raw, key, default, column: PhantomData };
        let checked = variable.settle().await;
        checked.map_err(|error| variable.blame("open", error))?;
        Ok(variable)
    }

    /// The key that stands for a name.
    pub(crate) fn key(name: &str) -> Result<Cell> {
        encode_key::<Text>(name)
    }

    /// The cell that stands for a value.
    pub(crate) fn seal(value: V::Borrowed<'_>) -> Result<Cell> {
        seal::<V>(value)
    }

    pub(crate) async fn get(&self) -> Result<V::Owned> {
        let read = async {
            let found = self.raw.get(&self.key).await?;
            unseal::<V>(found.unwrap_or_else(|| self.default.clone()))
        };
        read.await.map_err(|error| self.blame("get", error))
    }

    pub(crate) async fn set(&self, sealed: Result<Cell>) -> Result<()> {
        let written = async {
            let put = Write::Put(sealed?);
            self.raw.commit(self.key.clone(), Expect::Any, put).await.map(drop)
        };
        written.await.map_err(|error| self.blame("set", error))
    }

    pub(crate) async fn update(
        &self,
        mut f: impl FnMut(V::Owned) -> V::Owned + Send,
    ) -> Result<V::Owned> {
        let updated = self.raw.update(&self.key, |found| {
            let new = f(unseal::<V>(found.unwrap_or_else(|| self.default.clone()))?);
            Ok::<_, Error>((Some(seal::<V>(V::borrow(&new))?), new))
        });
        updated.await.map_err(|error| self.blame("update", error))
    }

    /// Writes the default if there is no value, and reads what is there.
    async fn settle(&self) -> Result<()> {
        let put = Write::Put(self.default.clone());
        let found = match self.raw.get(&self.key).await? {
            None if self.raw.commit_if(self.key.clone(), Expect::Absent, put).await? => None,
            None => self.raw.get(&self.key).await?,
            found => found,
        };
        found.map(unseal::<V>).transpose().map(drop)
    }

    fn blame(&self, operation: &'static str, error: Error) -> Error {
        self.raw.blame_key(operation, &self.key, error)
    }
}
