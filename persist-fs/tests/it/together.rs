//! Several processes on one directory.

use std::time::Duration;

use persist_core::kv::{Error, Kv};

use crate::Dir;
use crate::child::start;

const PROCESSES: u64 = 3;
const EACH: u64 = 40;

/// Adds one to two counters, again and again, in batches that may be tried as often as it takes.
pub(crate) async fn count(kv: &Kv) {
    for _ in 0..EACH {
        kv.batch_with(u32::MAX, async |batch| {
            for counter in ["counter/a", "counter/b"] {
                let text = batch.get(counter).await?;
                let n: u64 = String::from_utf8_lossy(&text).parse().unwrap();
                batch.set(counter, (n + 1).to_string()).await?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_several_processes_lose_nothing_and_are_seen_whole() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("counter/a", "0").await.unwrap();
    kv.set("counter/b", "0").await.unwrap();
    let mut children: Vec<_> = (0..PROCESSES).map(|_| start("count", &dir.root())).collect();
    loop {
        let (a, b) = kv
            .batch_with(u32::MAX, async |batch| {
                let a = batch.get("counter/a").await?;
                Ok::<_, Error>((a, batch.get("counter/b").await?))
            })
            .await
            .unwrap();
        assert_eq!(a, b);
        let ended = |child: &mut std::process::Child| child.try_wait().unwrap();
        if children.iter_mut().all(|child| ended(child).is_some_and(|status| status.success())) {
            break;
        }
        let failed =
            |child: &mut std::process::Child| ended(child).is_some_and(|status| !status.success());
        assert!(!children.iter_mut().any(failed));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let total = (PROCESSES * EACH).to_string();
    assert_eq!(kv.get("counter/a").await.unwrap(), total.as_bytes());
    assert_eq!(kv.get("counter/b").await.unwrap(), total.as_bytes());
}

#[tokio::test]
async fn a_lock_that_another_program_holds_keeps_writers_waiting_and_nobody_else() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("a", "1").await.unwrap();
    let lock = std::fs::File::open(crate::dir::own(&dir.root()).join("lock")).unwrap();
    lock.lock().unwrap();
    let mut waiting = Box::pin(kv.set("a", "2"));
    // This runtime has one thread: were it asleep, nothing below would go on.
    let soon = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
    assert!(soon.is_err(), "the lock is held");
    assert_eq!(kv.get("a").await.unwrap(), b"1");
    assert_eq!(kv.list("/").await.unwrap().len(), 1);
    drop(lock);
    waiting.await.unwrap();
    assert_eq!(kv.get("a").await.unwrap(), b"2");
}
