//! Stores of variables.

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::TableSpec;
use crate::column::{Bytes, Column, Postcard, Text, encode_key};
use crate::persist::check_name;
use crate::table::RawTable;
use crate::variable::{Default, Form, Variable, seal};
use crate::{Persist, Result, Table};

/// A table of named variables, each of a type of its own.
///
/// Each variable carries the name of its codec: with another one it is `SchemaMismatch`.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::Store;
///
/// let settings = Store::open(&store, "settings").await?;
/// let greeting = settings.variable("greeting", "hello".to_owned()).await?;
/// let token = settings.variable_with("token", || vec![7u8; 16]).await?;
/// greeting.set(&"good morning".to_owned()).await?;
/// assert_eq!(greeting.get().await?, "good morning");
/// assert_eq!(token.get().await?.len(), 16);
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Store {
    raw: Arc<RawTable>,
}

impl Store {
    /// Opens the store `name`, creating it if it is not there. Names are those of tables, and a
    /// store and a table of one name are one table, with the columns of whichever came first.
    ///
    /// # Errors
    /// `InvalidName`; `SchemaMismatch` if a table of other columns has the name; `Closed`, and what
    /// the engine reports.
    #[doc(alias = "open_store")]
    pub fn open(
        persist: &Persist,
        name: &str,
    ) -> impl Future<Output = Result<Self>> + Send + use<> {
        let spec = check_name(name).map(|()| TableSpec::new(name, Text::spec(), seal::spec()));
        let persist = persist.clone();
        async move {
            let table: Table<Text, Bytes> = persist.open_table("open", spec).await?;
            Ok(Self { raw: Arc::clone(table.raw()) })
        }
    }

    /// The variable `name`. If it has no value yet it gets `default`; one that it has is kept,
    /// and is read once to see that it can be.
    ///
    /// # Errors
    /// `InvalidKey` for a name with NUL, `TooLarge` for one above 2,000 bytes; `SchemaMismatch`,
    /// `Decode`, `Encode`, `Closed`, and what the engine reports.
    #[doc(alias = "make_persistent")]
    pub fn variable<T>(
        &self,
        name: &str,
        default: T,
    ) -> impl Future<Output = Result<Variable<T>>> + Send + use<T>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let sealed = sealed::<T>().encode(&default);
        // What is made of it is kept, not the value itself.
        drop(default);
        self.made(name, sealed.map(Default::known))
    }

    /// As [`variable`](Self::variable), with a default that is made only if it is needed: by one
    /// task at a time, and its value is written once even when processes race.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    #[doc(alias = "make_persistent_lazy")]
    pub fn variable_with<T, F>(
        &self,
        name: &str,
        default: F,
    ) -> impl Future<Output = Result<Variable<T>>> + Send + use<T, F>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Fn() -> T + Send + Sync + 'static,
    {
        self.made(name, Ok(Default::lazy(&sealed::<T>(), default)))
    }

    /// As [`variable_with`](Self::variable_with), with a default that takes time to make. While it
    /// is made, other tasks that need it wait; it must not itself read the variable.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    #[doc(alias = "make_persistent_lazy_lwt")]
    pub fn variable_with_async<T, F, Fut>(
        &self,
        name: &str,
        default: F,
    ) -> impl Future<Output = Result<Variable<T>>> + Send + use<T, F, Fut>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        self.made(name, Ok(Default::lazy_async(&sealed::<T>(), default)))
    }

    fn made<T>(
        &self,
        name: &str,
        default: Result<Default>,
    ) -> impl Future<Output = Result<Variable<T>>> + Send + use<T>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let raw = Arc::clone(&self.raw);
        let key = encode_key::<Text>(name);
        async move {
            let (key, default) = match (key, default) {
                (Ok(key), Ok(default)) => (key, default),
                (Err(error), _) | (_, Err(error)) => return Err(raw.blame("variable", error)),
            };
            let variable = Variable::new(raw, key, sealed::<T>(), default);
            variable.get().await?;
            Ok(variable)
        }
    }
}

fn sealed<T: Serialize + DeserializeOwned + Send + Sync + 'static>() -> Form<T> {
    Form::sealed::<Postcard<T>>()
}
