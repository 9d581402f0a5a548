//! Laws 1 and 4 across processes: two children of this test on one store.

mod roles;

use std::collections::{BTreeSet, HashMap};

use persist_core::backend::Hint;
use persist_core::column::{Integer, Text};
use persist_core::{Change, ErrorKind};

use crate::aid::{all, fails, numbers};
use crate::child::Child;
use crate::{Place, Subject};

pub(crate) use roles::play;

/// Two processes of 500 updates each on one key give exactly 1000.
pub async fn increments<S: Subject>(place: Place<S>) {
    let children = together(&place, "increments", 2).await;
    let mut told: Vec<i64> = Vec::new();
    for child in children {
        told.extend(child.end().await.iter().map(|line| line.parse::<i64>().unwrap()));
    }
    told.sort_unstable();
    assert_eq!(told, (1..=1000).collect::<Vec<_>>(), "each update is told a number of its own");
    let store = place.open().await;
    assert_eq!(numbers(&store, "t").await.get("hot").await.unwrap(), Some(1000));
}

/// Processes that create the same tables at once end with one of each.
pub async fn creation<S: Subject>(place: Place<S>) {
    for child in together(&place, "creation", 3).await {
        child.end().await;
    }
    let store = place.open().await;
    let listed = store.tables().await.unwrap();
    assert_eq!(listed.len(), 10);
    for info in listed {
        let found = all(numbers(&store, &info.spec.name).await.range(..)).await;
        assert_eq!(found.len(), 3, "each process wrote to the same table {}", info.spec.name);
    }
}

/// Of processes that create one table with different columns, one kind gets it, and the other is
/// told `SchemaMismatch`.
pub async fn schema<S: Subject>(place: Place<S>) {
    let mut kinds: HashMap<String, BTreeSet<String>> = HashMap::new();
    for child in together(&place, "schema", 2).await {
        for line in child.end().await {
            let (table, kind) = line.split_once(' ').expect("a table and a kind");
            kinds.entry(table.to_owned()).or_default().insert(kind.to_owned());
        }
    }
    assert_eq!(kinds.len(), 10);
    for (table, kinds) in kinds {
        let one: Vec<_> = kinds.iter().map(String::as_str).collect();
        assert!([["mine", "refused"]].iter().any(|both| one == both), "{table}: {kinds:?}");
    }
}

/// What one process was told is written, another one reads.
pub async fn visible<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let mut child = Child::start(&place, "processes::visible", "");
    assert_eq!(child.line().await, "ready");
    for round in 0..50 {
        table.insert("ping", round).await.unwrap();
        child.say("look");
        assert_eq!(child.line().await, format!("saw {round}, wrote"));
        assert_eq!(table.get("pong").await.unwrap(), Some(round));
        let streamed = all(table.range("pong"..).snapshot()).await;
        assert_eq!(streamed, [("pong".to_owned(), round)]);
    }
    child.say("end");
    child.end().await;
}

/// Of processes that insert the same keys if they are absent, each key has one winner.
pub async fn one_winner<S: Subject>(place: Place<S>) {
    let mut won: HashMap<String, String> = HashMap::new();
    for child in together(&place, "one_winner", 3).await {
        for line in child.end().await {
            let (key, value) = line.split_once(' ').expect("a key and a value");
            let before = won.insert(key.to_owned(), value.to_owned());
            assert_eq!(before, None, "{key} was won twice");
        }
    }
    let store = place.open().await;
    let found = all(numbers(&store, "t").await.range(..)).await;
    assert_eq!(found.len(), 100);
    for (key, value) in found {
        assert_eq!(won.get(&key), Some(&value.to_string()), "{key}");
    }
}

/// Guarded batches of several processes keep a sum, and every snapshot of another process shows
/// it.
pub async fn batches<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let tables = [numbers(&store, "left").await, numbers(&store, "right").await];
    for account in 0..5 {
        for table in &tables {
            table.insert(&account.to_string(), 100).await.unwrap();
        }
    }
    let children = together(&place, "batches", 2).await;
    for _ in 0..30 {
        let sum: i64 = all(tables[0].range(..).snapshot()).await.iter().map(|(_, n)| n).sum();
        assert_eq!(sum, 500, "a snapshot shows half of a transfer");
        tokio::task::yield_now().await;
    }
    for child in children {
        child.end().await;
    }
    let left: i64 = all(tables[0].range(..)).await.iter().map(|(_, n)| n).sum();
    let right: i64 = all(tables[1].range(..)).await.iter().map(|(_, n)| n).sum();
    assert_eq!((left, right), (500, 500 + 2 * 60));
}

/// A table that another process drops is `NotFound` here, also when there is a new one.
pub async fn dropped_table<S: Subject>(place: Place<S>) {
    let store = place.open().await;
    let old = numbers(&store, "t").await;
    old.insert("a", 1).await.unwrap();
    let mut child = Child::start(&place, "processes::dropped_table", "");
    assert_eq!(child.line().await, "dropped");
    fails(old.get("a").await, ErrorKind::NotFound);
    fails(old.insert("a", 2).await, ErrorKind::NotFound);
    child.say("make it again");
    assert_eq!(child.line().await, "made");
    fails(old.get("a").await, ErrorKind::NotFound);
    fails(old.insert("a", 2).await, ErrorKind::NotFound);
    let new = store.table::<Integer, Text>("t").await.unwrap();
    assert_eq!(all(new.range(..)).await, [(1, "new".to_owned())]);
    child.end().await;
}

/// What another process writes is hinted at here, and a read after the hint sees it.
pub async fn hints<S: Subject>(place: Place<S>) {
    use futures_util::StreamExt;
    let (backend, store) = place.both().await;
    let table = numbers(&store, "t").await;
    let mut changes = backend.changes();
    let mut child = Child::start(&place, "processes::visible", "");
    assert_eq!(child.line().await, "ready");
    for round in 0..5 {
        table.insert("ping", round).await.unwrap();
        child.say("look");
        assert_eq!(child.line().await, format!("saw {round}, wrote"));
        // The own write is hinted at, too; `Everything` may stand for both.
        loop {
            let hint = changes.next().await.expect("the store is open");
            let covers = match &hint {
                Hint::Everything => true,
                Hint::Table(name) => &**name == "t",
                Hint::Keys { table, keys } => {
                    &**table == "t"
                        && keys.contains(&persist_core::backend::Cell::Text("pong".into()))
                }
            };
            if covers && table.get("pong").await.unwrap() == Some(round) {
                break;
            }
        }
    }
    child.say("end");
    child.end().await;
}

/// Of processes that make the default of one variable at once, one makes it, and all get that.
pub async fn defaults<S: Subject>(place: Place<S>) {
    let mut got: HashMap<String, BTreeSet<String>> = HashMap::new();
    for child in together(&place, "defaults", 3).await {
        for line in child.end().await {
            let (name, value) = line.split_once(' ').expect("a name and a value");
            got.entry(name.to_owned()).or_default().insert(value.to_owned());
        }
    }
    assert_eq!(got.len(), 50);
    for (name, values) in got {
        assert_eq!(values.len(), 1, "{name}: {values:?}");
    }
}

/// Transactions of two processes lose nothing, in keys and in listings.
pub async fn transactions<S: Subject>(place: Place<S>) {
    for child in together(&place, "transactions", 2).await {
        child.end().await;
    }
    let store = place.open().await;
    assert_eq!(numbers(&store, "left").await.get("n").await.unwrap(), Some(200));
    let rows: BTreeSet<i64> =
        all(numbers(&store, "right").await.range(..)).await.iter().map(|(_, n)| *n).collect();
    assert_eq!(rows, (0..200).collect(), "each transaction saw the rows of all before it");
}

/// What another process writes reaches a watcher here.
pub async fn watches<S: Subject>(place: Place<S>) {
    use futures_util::StreamExt;
    let store = place.open().await;
    let table = numbers(&store, "t").await;
    let mut watch = table.watch_key("pong");
    watch.ready().await.unwrap();
    let mut child = Child::start(&place, "processes::visible", "");
    assert_eq!(child.line().await, "ready");
    for round in 0..5 {
        table.insert("ping", round).await.unwrap();
        child.say("look");
        assert_eq!(child.line().await, format!("saw {round}, wrote"));
        let change = watch.next().await.expect("the watch goes on").unwrap();
        let expected = match round {
            0 => Change::Added(0),
            new => Change::Updated { old: new - 1, new },
        };
        assert_eq!(change, expected);
    }
    child.say("end");
    child.end().await;
}

/// Two processes that count by test and set on one key have 400 successes, each somebody's alone.
pub async fn test_and_set<S: Subject>(place: Place<S>) {
    let mut won: Vec<i64> = Vec::new();
    for child in together(&place, "test_and_set", 2).await {
        won.extend(child.end().await.iter().map(|line| line.parse::<i64>().unwrap()));
    }
    won.sort_unstable();
    assert_eq!(won, (1..=400).collect::<Vec<_>>());
    let store = place.open().await;
    assert_eq!(roles::heads(&store).await.find("hot").await.unwrap(), Some(400));
}

/// What another process sets and removes reaches the watchers of an atomic store here.
pub async fn atomic_watches<S: Subject>(place: Place<S>) {
    use futures_util::StreamExt;
    let store = place.open().await;
    let heads = roles::heads(&store).await;
    let (mut one, mut all) = (heads.watch_key("main"), heads.watch());
    one.ready().await.unwrap();
    all.ready().await.unwrap();
    let mut child = Child::start(&place, "processes::atomic_watches", "");
    assert_eq!(child.line().await, "ready");
    for (order, expected) in [
        ("1", Change::Added(1)),
        ("2", Change::Updated { old: 1, new: 2 }),
        ("remove", Change::Removed { old: 2 }),
    ] {
        child.say(order);
        assert_eq!(child.line().await, "done");
        assert_eq!(one.next().await.unwrap().unwrap(), expected);
        assert_eq!(all.next().await.unwrap().unwrap(), ("main".to_owned(), expected));
    }
    child.say("end");
    child.end().await;
}

/// Starts children that play a role, and lets them begin together.
async fn together<S: Subject>(place: &Place<S>, role: &str, number: usize) -> Vec<Child> {
    let start = |n| Child::start(place, &format!("processes::{role}"), &format!("{n}"));
    let mut children: Vec<Child> = (0..number).map(start).collect();
    for child in &mut children {
        assert_eq!(child.line().await, "ready");
    }
    for child in &mut children {
        child.say("go");
    }
    children
}
