//! References: the simplest front end.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::column::Postcard;
use crate::variable::{REFERENCES, Variable};
use crate::{Persist, Result};

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
    Persistent(Arc<Variable<Postcard<T>>>),
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
    #[expect(clippy::needless_pass_by_value, reason = "as `volatile`, it takes what it stands for")]
    pub fn persistent(
        persist: &Persist,
        name: &str,
        default: T,
    ) -> impl Future<Output = Result<Self>> + Send + use<T> {
        let persist = persist.clone();
        let key = Variable::<Postcard<T>>::key(name);
        let default = Variable::<Postcard<T>>::seal(&default);
        async move {
            let variable = Variable::open(&persist, REFERENCES, key, default).await?;
            Ok(Self(Place::Persistent(Arc::new(variable))))
        }
    }

    /// A reference in memory alone.
    pub fn volatile(value: T) -> Self {
        Self(Place::Volatile(Arc::new(Mutex::new(value))))
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
            Place::Persistent(variable) => variable.set(Variable::<Postcard<T>>::seal(&new)).await,
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
