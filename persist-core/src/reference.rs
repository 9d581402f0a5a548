//! References: the simplest front end.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, ErrorKind, Persist, Result, Store, Variable};

/// The store of references, under the name that Ocsipersist gives it.
const STORE: &str = "__ocsipersist_ref_store__";

/// A mutable cell that outlives the program, or one of the same shape that does not.
///
/// A clone is the same reference.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let store = persist_mem::Options::new().open().await?;
/// use persist_core::Ref;
///
/// let runs = Ref::persistent(&store, "runs", 0u64).await?;
/// assert_eq!(runs.update(|n| n + 1).await?, 1);
/// # Ok::<_, persist_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Ref<T>(Place<T>);

#[derive(Clone)]
enum Place<T> {
    Persistent(Variable<T>),
    Volatile(Arc<Mutex<T>>),
}

impl<T> Ref<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    /// The reference `name` of the store. If it has no value yet it gets `default`; one that it
    /// has is kept, and is read once to see that it can be.
    ///
    /// # Errors
    /// `SchemaMismatch` if it was made with another codec, `Decode` if it holds no `T`, and those
    /// of [`set`](Self::set).
    #[doc(alias = "ref")]
    pub fn persistent(
        persist: &Persist,
        name: &str,
        default: T,
    ) -> impl Future<Output = Result<Self>> + Send + use<T> {
        let store = Store::open(persist, STORE);
        let name = name.to_owned();
        async move { Ok(Self(Place::Persistent(store.await?.variable(&name, default).await?))) }
    }

    /// A reference in memory alone.
    #[doc(alias = "ref")]
    pub fn volatile(value: T) -> Self {
        Self(Place::Volatile(Arc::new(Mutex::new(value))))
    }

    /// The variable behind a persistent reference.
    pub(crate) fn variable(&self) -> Result<&Variable<T>> {
        match &self.0 {
            Place::Persistent(variable) => Ok(variable),
            Place::Volatile(_) => Err(Error::new(
                ErrorKind::Misuse,
                "a volatile reference cannot be watched; make it persistent in a memory store",
            )),
        }
    }

    /// The value.
    ///
    /// # Errors
    /// `Decode`, `SchemaMismatch`, `Closed`, and what the engine reports.
    pub async fn get(&self) -> Result<T> {
        match &self.0 {
            Place::Persistent(variable) => variable.get().await,
            Place::Volatile(value) => Ok(value.lock().clone()),
        }
    }

    /// Replaces the value. Durable on return.
    ///
    /// # Errors
    /// `TooLarge`, `Encode`, `Closed`, and what the engine reports.
    pub async fn set(&self, new: T) -> Result<()> {
        match &self.0 {
            Place::Persistent(variable) => variable.set(&new).await,
            Place::Volatile(value) => {
                *value.lock() = new;
                Ok(())
            }
        }
    }

    /// Replaces the value by what `f` makes of it, and returns what is stored then. Durable on
    /// return, and exact under any number of tasks and processes: see
    /// [`Table::update`](crate::Table::update), also on when `f` runs more than once.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`set`](Self::set).
    pub async fn update(&self, mut f: impl FnMut(T) -> T + Send) -> Result<T> {
        match &self.0 {
            Place::Persistent(variable) => variable.update(f).await,
            Place::Volatile(value) => {
                let mut value = value.lock();
                let new = f(value.clone());
                *value = new.clone();
                Ok(new)
            }
        }
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Place::Persistent(_) => "Ref(persistent)",
            Place::Volatile(_) => "Ref(volatile)",
        })
    }
}
