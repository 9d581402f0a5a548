//! Processes that are killed in the middle of everything.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use persist_core::kv::{Error, Kv};

use crate::Dir;
use crate::child::{say, start};

/// How many values each batch writes together.
const TOGETHER: usize = 5;

/// Writes until it is killed: values that show whether they are whole, batches that show whether
/// they are, directories that come and go. Says what was acknowledged.
pub(crate) async fn load(kv: Kv) {
    let first = match kv.get("together/0").await {
        Ok(text) => number(&text) + 1,
        Err(_) => 1,
    };
    tokio::spawn(values(kv.clone()));
    tokio::spawn(directories(kv.clone()));
    for n in first.. {
        kv.batch(async |batch| {
            for place in 0..TOGETHER {
                batch.set(format!("together/{place}"), n.to_string()).await?;
            }
            if n > 1 {
                batch.rename(format!("turn/{}", n - 1), format!("turn/{n}")).await?;
            }
            batch.set(format!("turn/{n}/of"), n.to_string()).await?;
            // A directory in place of a value, and the other way round.
            batch.remove("kind").await?;
            let kind = if n % 2 == 0 { "kind" } else { "kind/below/it" };
            batch.set(kind, n.to_string()).await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
        say(&n.to_string());
    }
}

async fn values(kv: Kv) {
    for n in 0_usize.. {
        let letter = n % 26;
        let value = vec![b'a' + u8::try_from(letter).unwrap(); (letter + 1) * 1_000];
        kv.set(format!("whole/{}", n % 3), &value).await.unwrap();
        kv.set_partial(format!("grown/{}", n % 3), 0, &value).await.unwrap();
    }
}

async fn directories(kv: Kv) {
    kv.remove("old").await.unwrap();
    for n in 0_usize.. {
        kv.set(format!("new/{n}/a/b"), "x").await.unwrap();
        kv.rename(format!("new/{n}"), "old/it").await.unwrap();
        kv.set("old/it/more", "y").await.unwrap();
        kv.remove("old/it").await.unwrap();
    }
}

/// What must hold whenever the store is opened; the last batch.
async fn examine(kv: &Kv) -> u64 {
    let mut numbers = Vec::new();
    for place in 0..TOGETHER {
        match kv.get(format!("together/{place}")).await {
            Ok(text) => numbers.push(number(&text)),
            Err(Error::NotFound(_)) => numbers.push(0),
            Err(error) => panic!("{error}"),
        }
    }
    let n = numbers[0];
    assert!(numbers.iter().all(|other| *other == n), "a batch was torn: {numbers:?}");
    if n > 0 {
        let turns = kv.list("turn").await.unwrap();
        let turns: Vec<_> = turns.iter().map(|entry| entry.key.basename().to_owned()).collect();
        assert_eq!(turns, [n.to_string()]);
        assert_eq!(number(&kv.get(format!("turn/{n}/of")).await.unwrap()), n);
        let kind = if n % 2 == 0 { "kind" } else { "kind/below/it" };
        assert_eq!(number(&kv.get(kind).await.unwrap()), n);
    }
    for entry in ["whole/0", "whole/1", "whole/2"] {
        if let Ok(value) = kv.get(entry).await {
            let letter = usize::from(value[0] - b'a');
            assert_eq!(value.len(), (letter + 1) * 1_000, "{entry} is not whole");
            assert!(value.iter().all(|byte| *byte == value[0]), "{entry} is a mixture");
        }
    }
    n
}

fn number(text: &[u8]) -> u64 {
    String::from_utf8_lossy(text).parse().unwrap()
}

/// A number that is another one each time, and needs no crate.
fn random(below: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(below) % below
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_leaves_whole_values_and_whole_batches() {
    let rounds = std::env::var("PERSIST_CRASH_ROUNDS").map_or(20, |text| text.parse().unwrap());
    let dir = Dir::new();
    let mut survivor = None;
    for round in 0..rounds {
        let mut child = start("load", &dir.root());
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = 0;
        let mut take = |line: std::io::Result<String>| {
            if let Some(n) = line.unwrap().strip_prefix('@') {
                acknowledged = n.parse().unwrap();
                return true;
            }
            false
        };
        // It works, and then lives for a little.
        while !take(said.next().unwrap()) {}
        std::thread::sleep(Duration::from_micros(random(60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        said.for_each(|line| {
            take(line);
        });
        // In every other round somebody has had the store open all the time.
        let kv: Kv = match survivor.take() {
            Some(kv) => kv,
            None => dir.open().await,
        };
        kv.set("round", round.to_string()).await.unwrap();
        let last = examine(&kv).await;
        assert!(last >= acknowledged, "batch {acknowledged} was acknowledged, and {last} is there");
        kv.tidy().await.unwrap();
        let health = kv.check().await.unwrap();
        assert_eq!((health.leftovers, health.orphans), (0, 0), "{health:?}");
        assert_eq!(health.damages, [""; 0]);
        if round % 2 == 0 {
            survivor = Some(kv);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_living_process_writes_is_not_tidied_away() {
    let dir = Dir::new();
    let kv = dir.open().await;
    let mut writer = kv.writer("large");
    {
        use tokio::io::AsyncWriteExt;
        writer.write_all(&vec![7; 3 << 20]).await.unwrap();
        writer.flush().await.unwrap();
    }
    let mut child = start("idle", &dir.root());
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    while !said.next().unwrap().unwrap().contains("@open") {}
    let other = dir.open().await;
    other.tidy().await.unwrap();
    {
        use tokio::io::AsyncWriteExt;
        writer.shutdown().await.unwrap();
    }
    assert_eq!(other.size("large").await.unwrap(), 3 << 20);
    assert_eq!(std::fs::read_dir(crate::dir::own(&dir.root())).unwrap().count(), 5);
    child.kill().unwrap();
    child.wait().unwrap();
    other.tidy().await.unwrap();
    assert_eq!(std::fs::read_dir(crate::dir::own(&dir.root())).unwrap().count(), 4);
}
