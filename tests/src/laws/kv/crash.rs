//! Children that write and are killed.

use std::collections::BTreeMap;
use std::env;

use persist_core::kv::{Error, Kv};
use rand::RngExt;
use tokio::io::AsyncWriteExt;

use super::aid::{all, clean, pattern};
use crate::child::{Child, Parent, say};
use crate::{KvSubject, Place};

/// The sizes of the values that are written under load.
const SIZES: [usize; 5] = [0, 700, 3_000, 200_000, 1_300_000];

/// What a process has written ahead when it is killed is taken away; what a living one writes is
/// not, however long it pauses, whoever looks.
pub async fn lease<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let mut writer = kv.writer("mine");
    writer.write_all(&pattern(2_500_000, 1)).await.unwrap();
    writer.flush().await.unwrap();
    let mut living = Child::start(&place, "kv::paused", "");
    let mut dying = Child::start(&place, "kv::paused", "");
    assert_eq!(living.line().await, "written");
    assert_eq!(dying.line().await, "written");
    dying.kill().await;
    let left = loop {
        kv.tidy().await.unwrap();
        let health = kv.check().await.unwrap();
        assert_eq!(health.orphans, 0, "{health:?}");
        if health.leftovers <= 2 {
            break health.leftovers;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(left, 2, "what is being written was taken away");
    living.say("go on");
    living.end().await;
    writer.shutdown().await.unwrap();
    for key in ["mine", "theirs"] {
        assert!(kv.get(key).await.unwrap() == pattern(2_500_000, 1), "{key}");
    }
    clean(&kv).await;
}

/// Pauses within a value until it is told to go on.
pub(super) async fn paused<S: KvSubject>(place: Place<S>, mut parent: Parent) {
    let kv = place.kv().await;
    let mut writer = kv.writer("theirs");
    writer.write_all(&pattern(2_500_000, 1)).await.unwrap();
    writer.flush().await.unwrap();
    say("written");
    parent.line().await;
    writer.shutdown().await.unwrap();
}

/// After a kill every value is one that was written whole, batches and renames are whole, what was
/// acknowledged is there, and nothing is left over.
pub async fn crash<S: KvSubject>(place: Place<S>) {
    let rounds = env::var("PERSIST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..rounds.unwrap_or(20_u64) {
        let mut rng = place.rng_of(round);
        let mut child = Child::start(&place, "kv::load", &round.to_string());
        let mut lines = Vec::new();
        for _ in 0..rng.random_range(1..40) {
            lines.push(child.line().await);
        }
        for _ in 0..rng.random_range(0..200) {
            tokio::task::yield_now().await;
        }
        lines.extend(child.kill().await);
        for line in lines {
            let (what, number) = line.split_once(' ').expect("a task and a number");
            told.insert(what.to_owned(), number.parse().unwrap());
        }
        let kv = place.kv().await;
        judge(&kv, &told).await;
        kv.disconnect().await;
    }
    let kv = place.kv().await;
    clean(&kv).await;
    assert!(["sets", "batches", "renames"].iter().all(|what| told.contains_key(*what)));
}

async fn judge(kv: &Kv, told: &BTreeMap<String, u64>) {
    let there = all(kv).await;
    let told = |what: &str| told.get(what).copied().unwrap_or_default();
    let number = |key: &str| {
        let value = there.get(key).map(|value| String::from_utf8(value.clone()).unwrap());
        value.map_or(0, |value| value.parse::<u64>().unwrap())
    };

    let mut newest = 0;
    for (key, value) in there.iter().filter(|(key, _)| key.starts_with("/sets/v")) {
        let (written, size) = head(value);
        assert_eq!(value.len(), size.max(16), "{key} has lost its end");
        assert!(*value == set(written, size), "{key} is torn");
        newest = newest.max(written);
    }
    assert!(newest >= told("sets"), "{} was told, {newest} is there", told("sets"));

    let (left, right) = (number("/batches/left/n"), number("/batches/right/n"));
    assert_eq!(left, right, "half of a batch is there");
    assert!(left >= told("batches"), "{} was told, {left} is there", told("batches"));
    let large = there.get("/batches/large");
    assert!(large.is_none_or(|large| *large == pattern(1_200_000, left)), "of another batch");

    // A dictionary of two entries goes from place to place, and is at one of them.
    let places: Vec<_> = there.keys().filter(|key| key.ends_with("/moving/")).collect();
    assert!(places.len() <= 1, "{places:?}");
    if let Some(place) = places.first() {
        let number = number(&format!("{place}n"));
        let expected = format!("/renames/{}/moving/", number % 3);
        let other = there.contains_key(&format!("{place}other"));
        assert!(other && **place == expected, "{place} {number}");
        assert!(number >= told("renames"), "{} was told, {number} is there", told("renames"));
    } else {
        assert_eq!(told("renames"), 0, "what was moved is gone");
    }
    let health = kv.check().await.unwrap();
    assert_eq!((health.orphans, health.damages.len()), (0, 0), "{health:?}");
}

/// A value that tells its number and its size.
fn set(number: u64, size: usize) -> Vec<u8> {
    let mut value = [number.to_le_bytes(), (size as u64).to_le_bytes()].concat();
    value.extend(pattern(size.saturating_sub(16), number));
    value
}

fn head(value: &[u8]) -> (u64, usize) {
    let number = |from: usize| u64::from_le_bytes(value[from..from + 8].try_into().unwrap());
    (number(0), usize::try_from(number(8)).unwrap())
}

/// Writes until it is killed.
pub(super) async fn load<S: KvSubject>(place: Place<S>, parent: Parent) {
    let kv = place.kv().await;
    let round: u64 = parent.input.parse().expect("the number of the round");
    let rng = place.rng_of(1_000 + round);
    // Numbers go on from those of earlier rounds.
    let base = (round + 1) * 1_000_000;
    let ended = tokio::join!(
        tokio::spawn(sets(kv.clone(), rng, base)),
        tokio::spawn(batches(kv.clone(), base)),
        tokio::spawn(renames(kv, base)),
    );
    panic!("it ended: {ended:?}");
}

async fn sets(kv: Kv, mut rng: rand::rngs::StdRng, base: u64) -> Result<(), Error> {
    for number in base.. {
        let size = SIZES[rng.random_range(0..SIZES.len())];
        kv.set(format!("sets/v{}", number % 5), set(number, size)).await?;
        say(&format!("sets {number}"));
    }
    Ok(())
}

async fn batches(kv: Kv, base: u64) -> Result<(), Error> {
    for number in base.. {
        kv.batch(async |batch| {
            batch.set("batches/left/n", number.to_string()).await?;
            batch.set("batches/large", pattern(1_200_000, number)).await?;
            batch.remove("batches/right").await?;
            batch.set("batches/right/n", number.to_string()).await
        })
        .await?;
        say(&format!("batches {number}"));
    }
    Ok(())
}

async fn renames(kv: Kv, base: u64) -> Result<(), Error> {
    for number in base.. {
        let dest = format!("renames/{}/moving", number % 3);
        kv.batch(async |batch| {
            for place in 0..3 {
                let source = format!("renames/{place}/moving");
                if batch.exists(&source).await?.is_some() {
                    if source != dest {
                        batch.rename(&source, &dest).await?;
                    }
                    return batch.set(format!("{dest}/n"), number.to_string()).await;
                }
            }
            batch.set(format!("{dest}/other"), "x").await?;
            batch.set(format!("{dest}/n"), number.to_string()).await
        })
        .await?;
        say(&format!("renames {number}"));
    }
    Ok(())
}
