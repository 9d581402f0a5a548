//! What the children write until they are killed.

use persist_core::column::{Bytes, Text};
use persist_core::{Committed, Persist, Ref};
use rand::RngExt;

use crate::aid::numbers;
use crate::aid::tasks::ends;
use crate::child::{Parent, say};
use crate::{Place, Subject};

/// Plays a role of this family, for ever.
pub(crate) async fn play<S: Subject>(role: &str, place: Place<S>, parent: Parent) {
    let store = place.open().await;
    let round: u64 = parent.input.parse().expect("the number of the round");
    let mut tasks = Vec::new();
    for task in 0..4 {
        let name = format!("r{round:03}t{task}-");
        let seeded = place.rng_of(1_000 + round * 10 + task);
        tasks.push(match role {
            "puts" => tokio::spawn(puts(store.clone(), name, seeded)),
            "batches" => tokio::spawn(batches(store.clone(), name)),
            "counter" => tokio::spawn(counter(store.clone())),
            _ => panic!("no child plays {role}"),
        });
    }
    ends(tasks).await;
}

async fn puts(store: Persist, name: String, mut rng: rand::rngs::StdRng) {
    let table = store.table::<Text, Bytes>("t").await.unwrap();
    for number in 0.. {
        let (key, size) = (format!("{name}{number:06}"), rng.random_range(0..5_000));
        table.insert(&key, &vec![7; size]).await.unwrap();
        say(&format!("{key} {size}"));
    }
}

async fn batches(store: Persist, name: String) {
    let (left, right) = (numbers(&store, "left").await, numbers(&store, "right").await);
    for number in 1.. {
        let (new, old) = (format!("{name}{number:06}"), format!("{name}{:06}", number - 1));
        let mut batch = store.batch();
        batch.insert(&left, &new, number).unwrap().remove(&left, &old).unwrap();
        batch.insert(&right, &new, -number).unwrap().remove(&right, &old).unwrap();
        assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
        say(&format!("{name} {number}"));
    }
}

async fn counter(store: Persist) {
    let runs = Ref::persistent(&store, "runs", 0_u64).await.unwrap();
    loop {
        let told = runs.update(|n| n + 1).await.unwrap();
        say(&told.to_string());
    }
}
