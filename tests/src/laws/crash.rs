//! Laws 2 and 3 under violence: children that write are killed as `kill -9` does, and the store
//! is opened again.
//!
//! Twenty rounds each, or as many as `PERSIST_CRASH_ROUNDS` says.

mod roles;

use std::collections::{BTreeMap, HashMap};
use std::env;

use persist_core::column::{Bytes, Text};
use persist_core::{Error, Ref};
use rand::RngExt;

use crate::aid::{all, numbers};
use crate::child::Child;
use crate::{Place, Subject};

pub(crate) use roles::play;

/// Every put that was acknowledged before the kill is there after it.
pub async fn puts<S: Subject>(place: Place<S>) {
    let mut acknowledged: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..rounds() {
        for line in killed(&place, "puts", round).await {
            let (key, size) = line.split_once(' ').expect("a key and a size");
            acknowledged.insert(key.to_owned(), size.parse().unwrap());
        }
        let store = place.open().await;
        let table = store.table::<Text, Bytes>("t").await.unwrap();
        let found: HashMap<String, Vec<u8>> = all(table.range(..)).await.into_iter().collect();
        for (key, size) in &acknowledged {
            let value = found.get(key);
            let value = value.unwrap_or_else(|| panic!("{key} was acknowledged, and is lost"));
            assert_eq!(value.len(), *size, "{key} has another value");
        }
        for (key, value) in &found {
            assert!(value.iter().all(|byte| *byte == 7), "{key} is torn");
        }
        store.close().await.unwrap();
    }
    assert!(!acknowledged.is_empty(), "no child wrote anything");
}

/// Batches over two tables are whole after a kill, and those that were acknowledged are there.
pub async fn batches<S: Subject>(place: Place<S>) {
    let mut last: HashMap<String, i64> = HashMap::new();
    for round in 0..rounds() {
        for line in killed(&place, "batches", round).await {
            let (task, number) = line.split_once(' ').expect("a task and a number");
            last.insert(task.to_owned(), number.parse().unwrap());
        }
        let store = place.open().await;
        let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
        // As of one moment: a server may still apply what a killed child has sent.
        let both = store.transact(async |tx| {
            let lefts = tx.range(&left, ..).entries().await?;
            Ok::<_, Error>((lefts, tx.range(&right, ..).entries().await?))
        });
        let (lefts, rights) = both.await.unwrap();
        let mirrored: Vec<_> = rights.into_iter().map(|(key, number)| (key, -number)).collect();
        assert_eq!(lefts, mirrored, "half of a batch is there");
        for (task, number) in &last {
            let newest = lefts.iter().filter(|(key, _)| key.starts_with(task)).map(|(_, n)| *n);
            let newest = newest.max().expect("an acknowledged batch");
            assert!(
                newest >= *number,
                "{task}: batch {number} was acknowledged, {newest} is there"
            );
        }
        // A batch adds one row and takes the one before it away.
        assert!(lefts.len() <= 4 * (round + 1), "{} rows of {round} rounds", lefts.len());
        store.close().await.unwrap();
    }
    assert!(!last.is_empty(), "no child wrote anything");
}

/// A counter never falls behind a number that was told, and goes on from where it was.
pub async fn counter<S: Subject>(place: Place<S>) {
    let mut told = 0;
    for round in 0..rounds() {
        for line in killed(&place, "counter", round).await {
            told = told.max(line.parse::<u64>().unwrap());
        }
        let store = place.open().await;
        let runs = Ref::persistent(&store, "runs", 0_u64).await.unwrap();
        let next = runs.update(|n| n + 1).await.unwrap();
        assert!(next > told, "{told} was told before the kill, and {next} after it");
        told = next;
        if round % 2 == 0 {
            store.close().await.unwrap();
        }
    }
}

/// Starts a child that writes, and kills it at a random moment; what it had said.
async fn killed<S: Subject>(place: &Place<S>, role: &str, round: usize) -> Vec<String> {
    let mut rng = place.rng_of(round as u64);
    let mut child = Child::start(place, &format!("crash::{role}"), &round.to_string());
    let mut said = Vec::new();
    // Now and then it is killed while it opens the store.
    if rng.random_bool(0.85) {
        for _ in 0..rng.random_range(1..60) {
            said.push(child.line().await);
        }
    } else if rng.random_bool(0.5) {
        for _ in 0..rng.random_range(0..2_000) {
            tokio::task::yield_now().await;
        }
    }
    said.extend(child.kill().await);
    said
}

fn rounds() -> usize {
    let set = env::var("PERSIST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    set.unwrap_or(20)
}
