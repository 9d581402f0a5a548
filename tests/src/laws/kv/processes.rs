//! Several processes on one store.

use futures_util::TryStreamExt;
use persist_core::kv::{Error, Kv};

use super::aid::{clean, listed, refusal};
use super::races::increment;
use crate::child::{Child, Parent, say};
use crate::{KvSubject, Place};

const ROUNDS: u64 = 40;

/// Two processes that batch on the same keys lose nothing, and a batch that has used up its retries
/// says so and has changed nothing.
pub async fn processes<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    kv.set("n", "0").await.unwrap();
    let mut children: Vec<_> =
        (0..2).map(|child| Child::start(&place, "kv::batches", &child.to_string())).collect();
    for child in &mut children {
        assert_eq!(child.line().await, "ready");
    }
    for child in &mut children {
        child.say("go");
    }
    let mut made = 0;
    for child in children {
        for line in child.end().await {
            made += line.parse::<u64>().unwrap();
        }
    }
    assert!(made >= 2 * ROUNDS, "{made}");
    assert_eq!(kv.get("n").await.unwrap(), made.to_string().as_bytes());
    let logged = listed(&kv, "log").await.len() as u64;
    assert_eq!(logged, made - 2 * ROUNDS, "a batch is half there");
    clean(&kv).await;
}

/// Adds to the number that both change: some by batches without a limit, some by ones that may give
/// up. Says how many there were of both.
pub(super) async fn batches<S: KvSubject>(place: Place<S>, mut parent: Parent) {
    let kv = place.kv().await;
    say("ready");
    parent.line().await;
    for _ in 0..ROUNDS {
        increment(&kv, "n").await.unwrap();
    }
    let mut limited = 0;
    for number in 0..ROUNDS {
        match logged(&kv, &format!("log/{}-{number}", parent.input)).await {
            Ok(()) => limited += 1,
            Err(Error::TooManyRetries(2)) => {}
            Err(error) => panic!("{}", refusal(&error)),
        }
    }
    say(&(ROUNDS + limited).to_string());
    kv.disconnect().await;
}

async fn logged(kv: &Kv, log: &str) -> Result<(), Error> {
    kv.batch_with(2, async |batch| {
        let number = String::from_utf8(batch.get("n").await?).unwrap();
        batch.set(log, &number).await?;
        batch.set("n", (number.parse::<u64>().unwrap() + 1).to_string()).await
    })
    .await
}

/// A watcher hears of what another process does.
pub async fn process_watch<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let mut watch = kv.watch("d");
    watch.ready().await.unwrap();
    let mut child = Child::start(&place, "kv::watched", "");
    for number in 0..5 {
        child.say(&number.to_string());
        let key = format!("/d/{number}");
        loop {
            let (changed, _) = watch.try_next().await.unwrap().expect("the store is open");
            if changed.to_string() == key {
                break;
            }
        }
    }
    child.say("end");
    child.end().await;
}

pub(super) async fn watched<S: KvSubject>(place: Place<S>, mut parent: Parent) {
    let kv = place.kv().await;
    loop {
        let line = parent.line().await;
        if line == "end" {
            return;
        }
        kv.set(format!("d/{line}"), &line).await.unwrap();
    }
}
