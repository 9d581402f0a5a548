//! Knowing that a task is inside a transaction.

use std::future::Future;

use crate::{Error, ErrorKind, Result};

tokio::task_local! {
    /// The store whose transaction this task is running.
    static STORE: usize;
}

/// Runs a future as the transaction of a store.
pub(super) fn within<F: Future>(store: usize, run: F) -> impl Future<Output = F::Output> {
    STORE.scope(store, run)
}

/// Refuses what would go past the transaction that this task is running.
pub(crate) fn check_outside(store: usize) -> Result<()> {
    if STORE.try_with(|inside| *inside == store).unwrap_or(false) {
        return Err(Error::new(
            ErrorKind::Misuse,
            "a transaction is running, and this would not be part of it; inside `transact`, read \
             and write through its `Tx`, open tables before it, and do not nest it",
        ));
    }
    Ok(())
}
