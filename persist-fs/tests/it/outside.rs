//! Nothing leads out of the root, and nothing waits at what is no file.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::kv::{Error, Kv};
use rustix::fs::{CWD, Mode, RenameFlags, mkfifoat, renameat_with};

use crate::Dir;

/// Tries every verb at a key, where something is that is no entry.
async fn all_refuse(kv: &Kv, key: &str) {
    let errors = [
        kv.exists(key).await.unwrap_err(),
        kv.get(key).await.unwrap_err(),
        kv.list(key).await.unwrap_err(),
        kv.size(key).await.unwrap_err(),
        kv.digest(key).await.unwrap_err(),
        kv.last_modified(key).await.unwrap_err(),
        kv.set(key, "pwned").await.unwrap_err(),
        kv.set_partial(key, 0, "pwned").await.unwrap_err(),
        kv.allocate(key, 5, None).await.unwrap_err(),
        kv.remove(key).await.unwrap_err(),
        kv.rename(key, "elsewhere").await.unwrap_err(),
        kv.rename("ours", key).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, Error::Storage(_)), "{error}");
        assert!(error.to_string().contains("a store holds plain files and directories"), "{error}");
    }
}

#[tokio::test]
async fn symbolic_links_are_no_entries_wherever_they_lead() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("ours", "inside").await.unwrap();
    kv.set("d/e", "inside").await.unwrap();
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "outside").unwrap();
    symlink("../outside", dir.file("relative")).unwrap();
    symlink(&outside, dir.file("absolute")).unwrap();
    symlink("../outside/secret", dir.file("file")).unwrap();
    symlink("d", dir.file("inward")).unwrap();
    symlink("../outside/new", dir.file("dangling")).unwrap();
    symlink("loop", dir.file("loop")).unwrap();
    for key in [
        "relative",
        "relative/secret",
        "relative/new",
        "absolute/secret",
        "file",
        "inward/e",
        "dangling",
        "loop",
        "loop/x",
    ] {
        all_refuse(&kv, key).await;
    }
    kv.remove("/").await.unwrap();
    kv.tidy().await.unwrap();
    let left: Vec<_> = fs::read_dir(&outside).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["secret"]);
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"outside");
}

#[tokio::test]
async fn pipes_and_sockets_are_no_entries_and_nobody_waits_for_them() {
    let dir = Dir::new();
    let kv = dir.open().await;
    kv.set("ours", "inside").await.unwrap();
    mkfifoat(CWD, dir.file("fifo"), Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(dir.file("socket")).unwrap();
    for key in ["fifo", "fifo/x", "socket"] {
        all_refuse(&kv, key).await;
    }
    kv.remove("/").await.unwrap();
}

/// A directory that is a directory and a link to another one in turn, as fast as it goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_put_there_between_looking_and_doing_leads_nowhere() {
    let dir = Dir::new();
    let kv = dir.open().await;
    let outside = dir.path().join("outside");
    fs::create_dir_all(outside.join("e")).unwrap();
    fs::write(outside.join("secret"), "outside").unwrap();
    fs::write(outside.join("e/secret"), "outside").unwrap();
    kv.set("d/e/secret", "inside").await.unwrap();
    kv.set("d/secret", "inside").await.unwrap();
    let link = dir.file("link");
    symlink(&outside, &link).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, real) = (Arc::clone(&stop), dir.file("d"));
    let swapping = std::thread::spawn(move || {
        let mut swaps = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            renameat_with(CWD, &real, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            swaps += 1;
        }
        swaps
    });
    let (mut inside, mut refused) = (0, 0);
    for n in 0..2_000 {
        let key = if n % 2 == 0 { "d/secret" } else { "d/e/secret" };
        match kv.get(key).await {
            Ok(found) => {
                assert_eq!(found, b"inside");
                inside += 1;
            }
            Err(_) => refused += 1,
        }
        if n % 10 == 0 {
            // Each may fail, or write to the directory; none may write to what the link leads to.
            let _ = kv.set(format!("d/new-{n}"), "ours").await;
            let _ = kv.set("d/e/new", "ours").await;
            let _ = kv.remove("d/e/new").await;
            let _ = kv.rename(format!("d/new-{n}"), "d/e/moved").await;
            let _ = kv.list("d").await.map(|entries| {
                assert!(entries.iter().all(|entry| entry.key.basename() != "outside-only"));
            });
        }
    }
    stop.store(true, Ordering::Relaxed);
    assert!(swapping.join().unwrap() > 100);
    assert!(inside > 0 && refused > 0, "{inside} {refused}");
    let mut left: Vec<_> =
        fs::read_dir(&outside).unwrap().map(|it| it.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["e", "secret"]);
    assert_eq!(fs::read_dir(outside.join("e")).unwrap().count(), 1);
    assert_eq!(fs::read(outside.join("e/secret")).unwrap(), b"outside");
}
