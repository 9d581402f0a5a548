//! What the children do.

use persist_core::column::{Bytes, Integer, Text};
use persist_core::objects::Atomic;
use persist_core::{Committed, ErrorKind, Persist, Store};

use crate::aid::{key, numbers};
use crate::child::{Parent, say};
use crate::{Place, Subject};

/// Plays a role of this family.
pub(crate) async fn play<S: Subject>(role: &str, place: Place<S>, mut parent: Parent) {
    if role == "creation" || role == "schema" {
        // What they race for includes the opening of the store.
        say("ready");
        parent.line().await;
    }
    let store = place.open().await;
    let me: i64 = parent.input.parse().unwrap_or_default();
    match role {
        "increments" => increments(&store, &mut parent).await,
        "creation" => creation(&store, me).await,
        "schema" => schema(&store, me).await,
        "visible" => visible(&store, &mut parent).await,
        "one_winner" => one_winner(&store, me, &mut parent).await,
        "batches" => batches(&store, me, &mut parent).await,
        "dropped_table" => dropped_table(&store, &mut parent).await,
        "defaults" => defaults(&store, me, &mut parent).await,
        "transactions" => transactions(&store, &mut parent).await,
        "test_and_set" => test_and_set(&store, &mut parent).await,
        "atomic_watches" => atomic_watches(&store, &mut parent).await,
        _ => panic!("no child plays {role}"),
    }
    store.close().await.unwrap();
}

async fn increments(store: &Persist, parent: &mut Parent) {
    let table = numbers(store, "t").await;
    begin(parent).await;
    for _ in 0..500 {
        let told = table.update_or("hot", 0, |n| n + 1).await.unwrap();
        say(&told.to_string());
    }
}

async fn creation(store: &Persist, me: i64) {
    for n in 0..10 {
        numbers(store, &format!("t{n}")).await.insert(&me.to_string(), me).await.unwrap();
    }
}

async fn schema(store: &Persist, me: i64) {
    for n in 0..10 {
        let name = format!("t{n}");
        let opened = if me == 0 {
            store.table::<Text, Integer>(&name).await.map(drop)
        } else {
            store.table::<Text, Bytes>(&name).await.map(drop)
        };
        match opened {
            Ok(()) => say(&format!("{name} mine")),
            Err(error) if error.kind() == ErrorKind::SchemaMismatch => {
                say(&format!("{name} refused"));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn visible(store: &Persist, parent: &mut Parent) {
    let table = numbers(store, "t").await;
    say("ready");
    while parent.line().await == "look" {
        let seen = table.get("ping").await.unwrap().expect("it was written");
        table.insert("pong", seen).await.unwrap();
        say(&format!("saw {seen}, wrote"));
    }
}

async fn one_winner(store: &Persist, me: i64, parent: &mut Parent) {
    let table = numbers(store, "t").await;
    begin(parent).await;
    for n in 0..100 {
        let value = me * 1_000 + i64::try_from(n).unwrap();
        if table.insert_if_absent(&key(n), value).await.unwrap() {
            say(&format!("{} {value}", key(n)));
        }
    }
}

async fn batches(store: &Persist, me: i64, parent: &mut Parent) {
    let (left, right) = (numbers(store, "left").await, numbers(store, "right").await);
    begin(parent).await;
    for round in 0..60 {
        let (from, to) = ((round % 5).to_string(), ((round + me + 1) % 5).to_string());
        loop {
            let source = left.get_entry(&from).await.unwrap();
            let target = left.get_entry(&to).await.unwrap();
            let (Some(has), Some(gets)) = (source.value(), target.value()) else {
                panic!("an account is gone")
            };
            let witness = right.get_entry(&from).await.unwrap();
            let count = witness.value().expect("an account") + 1;
            let mut batch = store.batch();
            batch.expect(&source).unwrap().expect(&target).unwrap().expect(&witness).unwrap();
            batch.insert(&left, &from, has - 3).unwrap().insert(&left, &to, gets + 3).unwrap();
            batch.insert(&right, &from, count).unwrap();
            if batch.commit().await.unwrap() == Committed::Applied {
                break;
            }
        }
    }
}

async fn dropped_table(store: &Persist, parent: &mut Parent) {
    assert!(store.drop_table("t").await.unwrap());
    say("dropped");
    parent.line().await;
    let new = store.table::<Integer, Text>("t").await.unwrap();
    new.insert(1, "new").await.unwrap();
    say("made");
}

async fn defaults(store: &Persist, me: i64, parent: &mut Parent) {
    let settings = Store::open(store, "settings").await.unwrap();
    begin(parent).await;
    for n in 0..50 {
        let name = n.to_string();
        let made = settings.variable_with(&name, move || me).await.unwrap();
        say(&format!("{name} {}", made.get().await.unwrap()));
    }
}

async fn transactions(store: &Persist, parent: &mut Parent) {
    let (left, right) = (numbers(store, "left").await, numbers(store, "right").await);
    begin(parent).await;
    for _ in 0..100 {
        let step = async || {
            let step = store.transact(async |tx| {
                let n = tx.get(&left, "n").await?.unwrap_or(0);
                tx.insert(&left, "n", n + 1)?;
                let rows = tx.range(&right, ..).count().await?;
                tx.insert(&right, &rows.to_string(), n)
            });
            step.await
        };
        while let Err(error) = step().await {
            assert!(error.is_retryable(), "{error}");
        }
    }
}

async fn test_and_set(store: &Persist, parent: &mut Parent) {
    let heads = heads(store).await;
    begin(parent).await;
    let mut left = 200;
    while left > 0 {
        let found = heads.find("hot").await.unwrap();
        let next = found.unwrap_or(0) + 1;
        if heads.test_and_set("hot", found, Some(next)).await.unwrap() {
            say(&next.to_string());
            left -= 1;
        }
    }
}

async fn atomic_watches(store: &Persist, parent: &mut Parent) {
    let heads = heads(store).await;
    say("ready");
    loop {
        match parent.line().await.as_str() {
            "end" => return,
            "remove" => assert!(heads.remove("main").await.unwrap()),
            new => heads.set("main", new.parse().unwrap()).await.unwrap(),
        }
        say("done");
    }
}

/// The branches that the laws of atomic stores use.
pub(super) async fn heads(store: &Persist) -> Atomic<Text, Integer> {
    Atomic::open(store, "root").await.unwrap()
}

async fn begin(parent: &mut Parent) {
    say("ready");
    parent.line().await;
}
