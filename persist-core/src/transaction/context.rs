//! Knowing that a task is inside a transaction.

use std::future::Future;

use crate::{Error, ErrorKind, Result};

tokio::task_local! {
    /// The stores whose transactions this task is running, one inside the other.
    static STORES: Vec<usize>;
}

/// Runs a future as the transaction of a store.
pub(crate) fn within<F: Future>(store: usize, run: F) -> impl Future<Output = F::Output> {
    let mut stores = STORES.try_with(Clone::clone).unwrap_or_default();
    stores.push(store);
    STORES.scope(stores, run)
}

/// Refuses what would go past the transaction that this task is running.
pub(crate) fn check_outside(store: usize) -> Result<()> {
    if STORES.try_with(|inside| inside.contains(&store)).unwrap_or(false) {
        return Err(Error::new(
            ErrorKind::Misuse,
            "a transaction is running, and this would not be part of it; inside `transact`, read \
             and write through its `Tx`, open tables before it, and do not nest it",
        ));
    }
    Ok(())
}
