//! Directories that are stores, or are not, and those who have them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use futures_util::StreamExt;
use persist_core::backend::Hint;
use persist_core::{Durability, ErrorKind};
use persist_dbm::Options;

use crate::Dir;
use crate::dir::{files, numbers};

/// Opens a store that cannot be opened; the kind of the error and its message.
async fn refused(options: Options) -> (ErrorKind, String) {
    let error = options.open().await.unwrap_err();
    (error.kind(), error.to_string())
}

async fn made(dir: &Dir) {
    let store = dir.open().await;
    numbers(&store, "t").await.insert(1, 1).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_second_owner_is_busy_and_told_what_to_do() {
    let dir = Dir::new();
    let store = dir.open().await;
    let (kind, message) = refused(dir.options()).await;
    assert_eq!(kind, ErrorKind::Busy);
    assert_eq!(
        message,
        format!(
            "the store {}: process {} has it open; set `shared = true` in all programs that use \
             it, or end that one",
            dir.store().display(),
            std::process::id()
        )
    );
    store.close().await.unwrap();
    // A handle to a closed store holds nothing.
    let again = dir.open().await;
    drop(store);
    assert_eq!(refused(dir.options()).await.0, ErrorKind::Busy);
    drop(again);
    dir.open().await;
}

#[tokio::test]
async fn a_handle_that_was_dropped_a_moment_ago_is_waited_for() {
    let dir = Dir::new();
    for n in 0..20 {
        let options = dir.options().durability(Durability::Relaxed);
        let store = options.open().await.unwrap();
        let table = numbers(&store, "t").await;
        assert_eq!(table.update_or(1, 0, |n| n + 1).await.unwrap(), n + 1);
    }
}

#[tokio::test]
async fn directory_and_files_are_private() {
    let dir = Dir::new();
    made(&dir).await;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.store()), 0o750);
    for file in files(&dir.store()) {
        assert_eq!(mode(&file), 0o640, "{}", file.display());
    }
}

#[tokio::test]
async fn a_directory_that_is_something_else_is_left_alone() {
    let dir = Dir::new();
    fs::create_dir(dir.store()).unwrap();
    fs::write(dir.store().join("letter.txt"), "Dear").unwrap();
    let (kind, message) = refused(dir.options()).await;
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.contains("\"letter.txt\"; name an empty directory"), "{message}");
    assert_eq!(files(&dir.store()).len(), 1);

    let other = Dir::new();
    sled::open(other.store()).unwrap().insert("k", "v").unwrap();
    let (kind, message) = refused(other.options()).await;
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.contains("a sled database that persist has not made"), "{message}");

    let third = Dir::new();
    fs::write(third.store(), "a file").unwrap();
    let (kind, message) = refused(third.options()).await;
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.ends_with("it is not a directory; name another one"), "{message}");

    let (kind, message) = refused(Options::new(dir.path().join("no/such"))).await;
    assert_eq!(kind, ErrorKind::Config);
    assert!(message.ends_with("does not exist; create that first"), "{message}");
}

#[tokio::test]
async fn stores_of_other_versions_are_refused() {
    let dir = Dir::new();
    made(&dir).await;
    let marker = dir.store().join("persist-dbm.toml");
    let text = fs::read_to_string(&marker).unwrap();
    for (ours, other, kind, says) in [
        ("format = 1", "format = 2\nnew = true", ErrorKind::Config, "update this program"),
        ("sled 0.34", "sled 1.0", ErrorKind::Config, "those of sled 1.0, and this program has"),
        ("data-1", "../x", ErrorKind::Corrupt, "restore a copy"),
        ("format", "fromat", ErrorKind::Corrupt, "restore a copy"),
    ] {
        fs::write(&marker, text.replace(ours, other)).unwrap();
        let (found, message) = refused(dir.options()).await;
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(says), "{message}");
    }
    fs::write(&marker, &text).unwrap();
    // sled has a word of its own on its version.
    let conf = dir.store().join("data-1/conf");
    let settings = fs::read(&conf).unwrap();
    let version = settings.windows(4).position(|word| word == b"0.34").unwrap();
    let mut other = settings.clone();
    other[version + 3] = b'3';
    fs::write(&conf, other).unwrap();
    let (kind, message) = refused(dir.options()).await;
    assert_eq!(kind, ErrorKind::Config, "{message}");
    assert!(message.contains("another version of sled"), "{message}");
    fs::write(&conf, settings).unwrap();
    assert_eq!(numbers(&dir.open().await, "t").await.get(1).await.unwrap(), Some(1));
}

#[tokio::test]
async fn settings_out_of_range() {
    let dir = Dir::new();
    let options = dir.options().snapshots(0);
    assert_eq!(refused(options).await.1, "`snapshots` must be at least 1");
    let options = dir.options().flush_interval(std::time::Duration::ZERO);
    assert_eq!(refused(options).await.1, "`flush_interval` must be longer than 0");
}

#[tokio::test]
async fn opening_in_the_background() {
    let dir = Dir::new();
    let backend = dir.options().delay_loading(true).backend().await.unwrap();
    let mut changes = backend.changes();
    let store = persist_core::Persist::new(backend);
    let table = numbers(&store, "t").await;
    table.insert(1, 1).await.unwrap();
    assert_eq!(table.get(1).await.unwrap(), Some(1));
    let first = changes.next().await.unwrap();
    assert!(matches!(first, Hint::Everything | Hint::Keys { .. }), "{first:?}");
    store.close().await.unwrap();
    assert_eq!(table.get(1).await.unwrap_err().kind(), ErrorKind::Closed);

    let letter = Dir::new();
    fs::create_dir(letter.store()).unwrap();
    fs::write(letter.store().join("letter.txt"), "Dear").unwrap();
    let store = letter.options().delay_loading(true).open().await.unwrap();
    for _ in 0..2 {
        let error = store.tables().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}

#[test]
fn opening_in_the_background_without_a_runtime() {
    let dir = Dir::new();
    let mut opening = Box::pin(dir.options().delay_loading(true).open());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(store) = opening.as_mut().poll(&mut context) else {
        panic!("opening waits")
    };
    let store = store.unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert!(runtime.block_on(store.tables()).unwrap().is_empty());
}
