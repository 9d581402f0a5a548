//! Others who work meanwhile, and must not be disturbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::Persist;
use tokio::task::JoinHandle;

use crate::aid::numbers;
use crate::aid::tasks::ends;

/// Tasks that write, update and read a table of their own.
pub(super) struct Load {
    done: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<i64>>,
    store: Persist,
}

impl Load {
    pub(super) async fn on(store: &Persist) -> Self {
        let table = numbers(store, "load").await;
        let done = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (table, done) = (table.clone(), Arc::clone(&done));
                tokio::spawn(async move {
                    let mut added = 0;
                    while added < 10 || !done.load(Ordering::Acquire) {
                        table.update_or("total", 0, |n| n + 1).await.unwrap();
                        added += 1;
                        assert!(table.get("total").await.unwrap().is_some_and(|n| n >= added));
                        assert_eq!(table.range(..).count().await.unwrap(), 1);
                        tokio::task::yield_now().await;
                    }
                    added
                })
            })
            .collect();
        Self { done, tasks, store: store.clone() }
    }

    /// Ends the tasks: nothing that they did was lost, and the store is usable.
    pub(super) async fn undisturbed(self) {
        self.done.store(true, Ordering::Release);
        let added: i64 = ends(self.tasks).await.into_iter().sum();
        let table = numbers(&self.store, "load").await;
        assert_eq!(table.get("total").await.unwrap(), Some(added));
        assert_eq!(table.update_or("total", 0, |n| n + 1).await.unwrap(), added + 1);
        assert!(table.range(..).snapshot().count().await.is_ok());
    }
}
