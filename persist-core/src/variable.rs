//! Variables: single values with a default.

mod default;
pub(crate) mod seal;

use std::fmt;
use std::sync::Arc;

pub(crate) use default::Default;

use crate::backend::{Cell, Expect, Write};
use crate::column::{Column, decode_value, encode_value};
use crate::table::RawTable;
use crate::{Error, Result};

/// A persistent value with a default: a row of a [`Store`](crate::Store) or of a table.
///
/// A clone is the same variable. A row that somebody removed counts as a variable without a
/// value: reading it makes the default again, and so does [`update`](Self::update).
#[doc(alias = "Store.t")]
pub struct Variable<T>(Arc<Inner<T>>);

struct Inner<T> {
    raw: Arc<RawTable>,
    key: Cell,
    default: Default,
    form: Form<T>,
}

/// How a value is written in its row.
pub(crate) struct Form<T> {
    encode: fn(&T) -> Result<Cell>,
    decode: fn(Cell) -> Result<T>,
}

impl<T: Send + 'static> Form<T> {
    /// As the column of the table does it.
    pub(crate) fn plain<V: Column<Owned = T>>() -> Self {
        Self { encode: |value| encode_value::<V>(V::borrow(value)), decode: decode_value::<V> }
    }

    /// With the name of the codec before it.
    pub(crate) fn sealed<V: Column<Owned = T>>() -> Self {
        Self { encode: |value| seal::seal::<V>(V::borrow(value)), decode: seal::unseal::<V> }
    }

    pub(crate) fn encode(&self, value: &T) -> Result<Cell> {
        (self.encode)(value)
    }
}

impl<T: Send + 'static> Variable<T> {
    pub(crate) fn new(raw: Arc<RawTable>, key: Cell, form: Form<T>, default: Default) -> Self {
        Self(Arc::new(Inner { raw, key, default, form }))
    }

    /// The value. If there is none, the default is made, written and returned; of several that
    /// are made at once, by tasks or processes, one is written and all get that one.
    ///
    /// # Errors
    /// `Decode`, `SchemaMismatch`, `Closed`, and what the engine reports; `TooLarge` and `Encode`
    /// for a default that cannot be written.
    pub async fn get(&self) -> Result<T> {
        self.blame("get", self.settled().await.and_then(self.0.form.decode))
    }

    /// Replaces the value, or makes the variable anew. Durable on return.
    ///
    /// # Errors
    /// `TooLarge`, `Encode`, `Closed`, and what the engine reports.
    pub async fn set(&self, value: &T) -> Result<()>
    where
        T: Sync,
    {
        let sealed = self.0.form.encode(value);
        let write = async {
            let put = Write::Put(sealed?);
            self.0.raw.commit(self.0.key.clone(), Expect::Any, put).await.map(drop)
        };
        self.blame("set", write.await)
    }

    /// Replaces the value by what `f` makes of it, and returns what is stored then. Durable on
    /// return, and exact under any number of tasks and processes: see
    /// [`Table::update`](crate::Table::update), also on when `f` runs more than once.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`set`](Self::set).
    pub async fn update(&self, mut f: impl FnMut(T) -> T + Send) -> Result<T> {
        let mut pen = self.0.raw.pen(self.0.key.clone());
        loop {
            let stepped = self.0.raw.update(&mut pen, |found| {
                let Some(found) = found else { return Ok((None, None)) };
                let new = f((self.0.form.decode)(found)?);
                Ok::<_, Error>((Some(self.0.form.encode(&new)?), Some(new)))
            });
            match self.blame("update", stepped.await)? {
                Some(new) => return Ok(new),
                // Without a value; the default comes first.
                None => self.blame("update", self.settled().await).map(drop)?,
            }
        }
    }

    pub(crate) fn raw(&self) -> &Arc<RawTable> {
        &self.0.raw
    }

    pub(crate) fn key(&self) -> &Cell {
        &self.0.key
    }

    pub(crate) fn decoder(&self) -> fn(Cell) -> Result<T> {
        self.0.form.decode
    }

    /// What is stored, once something is.
    async fn settled(&self) -> Result<Cell> {
        match self.0.raw.get(&self.0.key).await? {
            Some(found) => Ok(found),
            None => self.0.raw.settle(&self.0.key, || self.0.default.make()).await,
        }
    }

    fn blame<R>(&self, operation: &'static str, result: Result<R>) -> Result<R> {
        result.map_err(|error| self.0.raw.blame_key(operation, &self.0.key, error))
    }
}

impl<T> Clone for Variable<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Variable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable")
            .field("table", &self.0.raw.name())
            .field("key", &self.0.key)
            .finish_non_exhaustive()
    }
}
