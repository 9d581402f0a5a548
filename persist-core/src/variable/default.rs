//! Where the value of a new variable comes from.

use futures_util::future::{BoxFuture, FutureExt, ready};

use super::Form;
use crate::Result;
use crate::backend::Cell;

/// A default: there from the beginning, or made when it is needed.
pub(crate) struct Default(Box<dyn Fn() -> BoxFuture<'static, Result<Cell>> + Send + Sync>);

impl Default {
    /// A value that is known.
    pub(crate) fn known(cell: Cell) -> Self {
        Self(Box::new(move || ready(Ok(cell.clone())).boxed()))
    }

    /// A value that a function makes.
    pub(crate) fn lazy<T, F>(form: &Form<T>, make: F) -> Self
    where
        T: Send + 'static,
        F: Fn() -> T + Send + Sync + 'static,
    {
        let encode = form.encode;
        Self(Box::new(move || ready(encode(&make())).boxed()))
    }

    /// A value that an asynchronous function makes.
    pub(crate) fn lazy_async<T, F, Fut>(form: &Form<T>, make: F) -> Self
    where
        T: Send + 'static,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let encode = form.encode;
        Self(Box::new(move || {
            let value = make();
            async move { encode(&value.await) }.boxed()
        }))
    }

    pub(crate) fn make(&self) -> BoxFuture<'static, Result<Cell>> {
        (self.0)()
    }
}
