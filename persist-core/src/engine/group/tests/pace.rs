//! Groups that wait for those whom the last one has answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;

use super::super::{Engine, GroupCommit};
use crate::Result;
use crate::backend::{Batch, Commit};

/// Counts groups. Each takes about as long as a sync of a disk.
struct Slow(Arc<AtomicUsize>);

impl Engine for Slow {
    fn commit(&mut self, group: &[Batch]) -> Vec<Result<Commit>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(16));
        group.iter().map(|_| Ok(Commit::Applied)).collect()
    }
}

/// How many times each of them writes.
const ROUNDS: usize = 20;

/// Who comes late since the machine had other things to do is rightly not waited for, so it is
/// tried a few times. If nobody were waited for, no try would do.
#[tokio::test]
async fn who_writes_again_and_again_shares_each_group_with_all_others() {
    let mut groups = Vec::new();
    for _ in 0..5 {
        groups.push(groups_of_eight().await);
        if groups.last() < Some(&(ROUNDS * 3 / 2)) {
            return;
        }
    }
    panic!("{groups:?} groups for {ROUNDS} rounds of all");
}

/// The first one is alone in the first group. If nobody were waited for, he would be in every
/// second one, and the others in those between.
async fn groups_of_eight() -> usize {
    let groups = Arc::new(AtomicUsize::new(0));
    let commits = GroupCommit::start("test", Slow(Arc::clone(&groups))).unwrap();
    let writer = |begin: usize| {
        let (commits, groups) = (&commits, &groups);
        async move {
            while groups.load(Ordering::Relaxed) < begin {
                tokio::task::yield_now().await;
            }
            for _ in 0..ROUNDS {
                let batch = Batch { ops: Vec::new() };
                assert_eq!(commits.commit(batch).await.unwrap(), Commit::Applied);
            }
        }
    };
    join_all([0, 1, 1, 1, 1, 1, 1, 1].map(writer)).await;
    groups.load(Ordering::Relaxed)
}
