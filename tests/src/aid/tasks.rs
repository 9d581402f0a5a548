//! Tasks and threads whose panics count.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The results of tasks, in their order. A panic of one goes on here.
pub(crate) async fn ends<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    // All are started before the first is waited for, also if starting them is lazy.
    let tasks: Vec<_> = tasks.into_iter().collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(end(task).await);
    }
    results
}

/// The result of a task. Its panic goes on here.
pub(crate) async fn end<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(result) => result,
        Err(error) => resume_unwind(error.into_panic()),
    }
}

/// Runs `work` on a thread of its own, where no runtime is near.
pub(crate) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, result) = oneshot::channel();
    thread::spawn(move || {
        // Nobody waits any more if the law was given up.
        let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
    });
    result.await.expect("the thread answers").unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs a future without any runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}
