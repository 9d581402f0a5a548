//! What `kill -9` does to a store beyond the laws: with relaxed durability, and while the rows of
//! a dropped table go away.

use std::fs;
use std::ops::Bound;
use std::time::Duration;

use futures_util::TryStreamExt;
use persist_core::{Committed, Durability};
use persist_dbm::Options;

use crate::child::say;
use crate::dir::{fill, numbers};
use crate::{Child, Dir};

fn rounds(default: usize) -> usize {
    let set = std::env::var("PERSIST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    set.unwrap_or(default)
}

/// Batches over two tables, one after the other, that are acknowledged before they are flushed.
pub(crate) async fn relaxed(options: Options) {
    let options = options.durability(Durability::Relaxed);
    let store = options.flush_interval(Duration::from_millis(20)).open().await.unwrap();
    let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
    let begun = left.range(..).count().await.unwrap();
    for number in i64::try_from(begun).unwrap().. {
        let mut batch = store.batch();
        batch.insert(&left, number, number).unwrap().insert(&right, number, -number).unwrap();
        assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
        say(&number.to_string());
    }
}

/// What a kill loses with relaxed durability: the last writes, from some moment on, and none of
/// those that were flushed before.
#[tokio::test]
async fn relaxed_loses_the_last_writes_and_tears_nothing() {
    let dir = Dir::new();
    let (mut told, mut kept) = (0_i64, 0);
    for round in 0..rounds(20) {
        let mut child = Child::start("relaxed", &dir.store());
        for _ in 0..=(round * 37) % 400 {
            told = child.line().unwrap().parse().unwrap();
        }
        // How many groups were flushed is in a file; the two tables were the first two.
        let acknowledged = acknowledged(&dir) - 2;
        drop(child.kill());
        let store = dir.open().await;
        let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
        let lefts: Vec<_> = left.range(..).stream().try_collect().await.unwrap();
        let rights: Vec<_> = right.range(..).stream().try_collect().await.unwrap();
        let there = i64::try_from(lefts.len()).unwrap();
        assert_eq!(lefts, (0..there).map(|n| (n, n)).collect::<Vec<_>>(), "not the first ones");
        assert_eq!(rights, (0..there).map(|n| (n, -n)).collect::<Vec<_>>(), "half of a batch");
        assert!(there >= kept, "{there} are left of {kept} that were there when it was opened");
        assert!(there >= acknowledged, "{there} are left of {acknowledged} that were flushed");
        kept = there;
        store.close().await.unwrap();
    }
    assert!(told > 0 && kept > 0);
}

/// The greater of two numbers of 8 bytes, each followed by its inverse.
fn acknowledged(dir: &Dir) -> i64 {
    let bytes = fs::read(dir.store().join("persist-dbm.acknowledged")).unwrap();
    let slots = bytes.chunks(16).filter_map(|slot| {
        let number = i64::from_be_bytes(slot.get(..8)?.try_into().ok()?);
        let inverse = i64::from_be_bytes(slot.get(8..)?.try_into().ok()?);
        (inverse == !number).then_some(number)
    });
    slots.max().unwrap_or(2)
}

/// Fills a table and drops it, again and again, beside another one.
pub(crate) async fn drops(options: Options) {
    let store = options.open().await.unwrap();
    let stays = numbers(&store, "stays").await;
    for round in 0.. {
        let goes = numbers(&store, "goes").await;
        fill(&store, &goes, 0..3000, 1).await;
        stays.insert(round, round).await.unwrap();
        assert!(store.drop_table("goes").await.unwrap());
        say(&round.to_string());
    }
}

/// A dropped table stays dropped, and a table of its name is empty, wherever the kill came.
#[tokio::test]
async fn a_dropped_table_stays_dropped() {
    let dir = Dir::new();
    for round in 0..rounds(10) {
        let mut child = Child::start("drops", &dir.store());
        for _ in 0..=round % 3 {
            child.line().unwrap();
        }
        let told = child.kill().len() + round % 3 + 1;
        let store = dir.open().await;
        let goes = numbers(&store, "goes").await;
        let left = goes.range(..).count().await.unwrap();
        assert!(left % 1000 == 0 && left <= 3000, "{left} rows, which is no number of batches");
        let stays = numbers(&store, "stays").await;
        let last = stays.range((Bound::Unbounded, Bound::<i64>::Unbounded)).count().await.unwrap();
        assert!(last >= told as u64, "{last} of {told} are there");
        assert!(store.drop_table("goes").await.unwrap());
        assert!(numbers(&store, "goes").await.is_empty().await.unwrap());
        store.close().await.unwrap();
    }
}
