//! Damaged files: what is read from them is right, or it is an error; never something older or
//! less, a panic, or a wait without end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use persist_core::column::{Bytes, Integer, Text};
use persist_core::{Error, ErrorKind, Table};
use tokio::time::timeout;

use crate::Dir;
use crate::dir::{files, fill, large, numbers, values};

/// Long enough for anything that is not stuck.
const STUCK: Duration = Duration::from_mins(1);

/// A store that was written over a few times and closed well.
async fn make() -> Dir {
    let dir = Dir::new();
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    let values = values(&store).await;
    for factor in 1..=4 {
        fill(&store, &table, 0..6000, factor).await;
        for n in 0..6000 / 40 {
            table.insert(n * 40, n * 40 * factor).await.unwrap();
        }
        values.insert("large", &large(usize::try_from(factor).unwrap())).await.unwrap();
    }
    store.close().await.unwrap();
    dir
}

/// Reads everything. What can be read must be right.
async fn read(dir: &Dir) -> Result<(), Error> {
    let store = dir.options().open().await?;
    let table: Table<Integer, Integer> = store.table("t").await?;
    let rows: Vec<(i64, i64)> = table.range(..).stream().try_collect().await?;
    assert_eq!(rows.len(), 6000, "rows are missing");
    for (expected, (key, value)) in (0..).zip(rows) {
        assert_eq!((key, value), (expected, expected * 4), "an older row");
    }
    let values: Table<Text, Bytes> = store.table("values").await?;
    let value = values.get("large").await?;
    assert!(value == Some(large(4)), "an older value");
    table.insert(-1, -1).await?;
    store.close().await
}

/// Damages a copy, and reads it.
async fn damaged(dir: &Dir, damage: impl FnOnce(&Path)) -> Result<(), Error> {
    let copy = dir.copy();
    damage(&copy.store());
    timeout(STUCK, read(&copy)).await.expect("it hangs")
}

fn rounds() -> usize {
    let set = std::env::var("PERSIST_DAMAGE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    set.unwrap_or(90)
}

/// Numbers that look random, the same ones in each run.
fn scattered() -> impl FnMut(usize) -> usize {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_is_told() {
    let dir = make().await;
    read(&dir.copy()).await.unwrap();
    let mut scattered = scattered();
    let (rounds, mut told) = (rounds(), 0);
    for round in 0..rounds {
        let damage = |store: &Path| {
            let log = store.join("data-1/db");
            let mut bytes = fs::read(&log).unwrap();
            let at = scattered(bytes.len());
            match round % 3 {
                0 => bytes[at] ^= 1 << scattered(8),
                1 => {
                    let end = bytes.len().min(at + 4096);
                    bytes[at..end].fill(0);
                }
                _ => bytes.truncate(at),
            }
            fs::write(&log, bytes).unwrap();
        };
        if let Err(error) = damaged(&dir, damage).await {
            let kind = error.kind();
            assert!(
                matches!(kind, ErrorKind::Corrupt | ErrorKind::Backend | ErrorKind::Decode),
                "round {round}: {error}"
            );
            told += 1;
        }
    }
    assert!(told > rounds / 3, "{told} of {rounds} were told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_and_spoilt_files_are_told() {
    let dir = make().await;
    for file in files(&dir.store()) {
        let name = file.strip_prefix(dir.store()).unwrap();
        let harmless = name.starts_with("persist-dbm.lock")
            || name.starts_with("persist-dbm.acknowledged")
            || name.to_string_lossy().contains("snap.");
        let ended = [
            damaged(&dir, |store| fs::remove_file(store.join(name)).unwrap()).await,
            damaged(&dir, |store| fs::write(store.join(name), "").unwrap()).await,
            damaged(&dir, |store| fs::write(store.join(name), [0xfe; 300]).unwrap()).await,
        ];
        for (how, end) in ["removed", "empty", "spoilt"].into_iter().zip(ended) {
            match end {
                // sled writes its settings again, and they are the same.
                Ok(()) if how == "empty" && name.ends_with("conf") => {}
                Ok(()) => assert!(harmless, "{} was {how}", name.display()),
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Config),
                    "{} was {how}: {error}",
                    name.display()
                ),
            }
        }
    }
}

#[tokio::test]
async fn one_may_go_on_with_what_is_left() {
    let dir = make().await;
    let acknowledged = dir.store().join("persist-dbm.acknowledged");
    // As if a hundred groups more had been acknowledged.
    let bytes = fs::read(&acknowledged).unwrap();
    let number = u64::from_be_bytes(bytes[..8].try_into().unwrap()) / 2 * 2 + 100;
    fs::write(&acknowledged, [number.to_be_bytes(), (!number).to_be_bytes()].concat()).unwrap();
    let error = dir.options().open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let advice = format!("by removing {}", acknowledged.display());
    assert!(error.to_string().ends_with(&advice), "{error}");
    fs::remove_file(&acknowledged).unwrap();
    read(&dir).await.unwrap();
}

/// sled writes a summary of its log whenever it is opened, and takes one that it was killed over for
/// the newest.
#[tokio::test]
async fn a_summary_that_was_not_written_to_its_end_is_no_damage() {
    let dir = make().await;
    dir.open().await.close().await.unwrap();
    let summary = files(&dir.store())
        .into_iter()
        .find(|file| file.file_name().unwrap().to_string_lossy().starts_with("snap."))
        .unwrap();
    let bytes = fs::read(summary).unwrap();
    for length in [0, bytes.len() / 2, bytes.len() - 1] {
        let unfinished = |store: &Path| {
            fs::write(store.join("data-1/snap.00000000FFFFFFFF.generating"), &bytes[..length])
                .unwrap();
        };
        damaged(&dir, unfinished).await.unwrap();
        let copy = dir.copy();
        unfinished(&copy.store());
        persist_dbm::compact(copy.store()).await.unwrap();
        read(&copy).await.unwrap();
    }
}
