//! What other programs do in the directory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use persist_core::kv::{Error, Kind};

use crate::Dir;

#[tokio::test]
async fn edits_are_seen_at_once() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("a", "ours").await.unwrap();
    fs::write(dir.file("a"), "theirs").unwrap();
    assert_eq!(kv.get("a").await.unwrap(), b"theirs");
    fs::create_dir(dir.file("d")).unwrap();
    fs::write(dir.file("d/b"), "new").unwrap();
    assert_eq!(kv.get("d/b").await.unwrap(), b"new");
    fs::rename(dir.file("d"), dir.file("e")).unwrap();
    assert_eq!(kv.exists("d").await.unwrap(), None);
    assert_eq!(kv.exists("e/b").await.unwrap(), Some(Kind::Value));
    fs::remove_dir_all(dir.file("e")).unwrap();
    assert!(matches!(kv.get("e/b").await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_batch_notices_the_edit_of_another_program() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("n", "1").await.unwrap();
    let mut runs = 0;
    kv.batch(|batch| {
        runs += 1;
        let (run, file) = (runs, dir.file("n"));
        async move {
            let n = batch.get("n").await?;
            if run == 1 {
                fs::write(file, "10").unwrap();
            }
            batch.set("n", [&n[..], b"!"].concat()).await?;
            Ok::<_, Error>(())
        }
    })
    .await
    .unwrap();
    assert_eq!((runs, kv.get("n").await.unwrap()), (2, b"10!".to_vec()));
}

#[tokio::test]
async fn names_that_are_no_keys_are_told_and_disturb_nothing() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("d/a", "1").await.unwrap();
    kv.set("d/z", "2").await.unwrap();
    let name = |bytes| dir.file("d").join(OsStr::from_bytes(bytes));
    for bytes in [&b"\xff\xfe"[..], b"m\xff", b"\x80begin", b"b\xff", b"z\xff"] {
        fs::write(name(bytes), "bad").unwrap();
    }
    std::os::unix::fs::symlink("a", name(b"link")).unwrap();
    let entries: Vec<_> = kv.entries("d").collect().await;
    let (good, bad): (Vec<_>, Vec<_>) = entries.into_iter().partition(Result::is_ok);
    let good: Vec<_> = good.into_iter().map(|entry| entry.unwrap().key.to_string()).collect();
    assert_eq!(good, ["/d/a", "/d/z"]);
    let bad: Vec<_> = bad.into_iter().map(|entry| entry.unwrap_err().to_string()).collect();
    assert_eq!(bad.len(), 6, "{bad:?}");
    assert!(bad.iter().any(|bad| bad.contains(r"m\xff")), "{bad:?}");
    assert!(bad.iter().any(|bad| bad.contains("/d/link: this is a symbolic link")), "{bad:?}");
    let health = kv.check().await.unwrap();
    assert_eq!((health.values, health.damages.len()), (2, 6), "{health:?}");
    kv.set("d/a", "3").await.unwrap();
    kv.rename("d", "e").await.unwrap();
    assert_eq!(kv.get("e/a").await.unwrap(), b"3");
    kv.remove("/").await.unwrap();
    assert_eq!(kv.list("/").await.unwrap(), []);
}

#[tokio::test]
async fn a_file_that_is_written_in_place_all_the_time_is_never_a_mixture_of_two_lengths() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("log", "").await.unwrap();
    let (path, stop) = (dir.file("log"), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let writing = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            fs::write(&path, "x".repeat(100_000)).unwrap();
            std::thread::yield_now();
        }
    });
    for _ in 0..200 {
        match kv.get("log").await {
            Ok(text) => assert!(text.iter().all(|byte| *byte == b'x')),
            // It never rested.
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
    stop.store(true, Ordering::Relaxed);
    writing.join().unwrap();
    assert_eq!(kv.size("log").await.unwrap(), 100_000);
}

#[tokio::test]
async fn the_stores_own_files_taken_away_are_told() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("a", "1").await.unwrap();
    fs::remove_dir_all(crate::dir::own(&dir.root())).unwrap();
    let error = kv.set("a", "2").await.unwrap_err();
    assert!(error.to_string().contains("open the store again"), "{error}");
    assert_eq!(kv.get("a").await.unwrap(), b"1");
    let kv = dir.open().await;
    kv.set("a", "3").await.unwrap();
    assert_eq!(fs::read(dir.file("a")).unwrap(), b"3");
}
