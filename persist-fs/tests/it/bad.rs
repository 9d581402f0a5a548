//! Directories that cannot be stores, and rights that are missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use persist_core::ErrorKind;
use persist_core::kv::Error;
use persist_fs::Options;

use crate::Dir;
use crate::dir::{own, tree};

async fn refused(options: Options) -> (ErrorKind, String) {
    let error = options.open().await.unwrap_err();
    (error.kind(), error.to_string())
}

fn at(dir: &std::path::Path, why: &str) -> (ErrorKind, String) {
    (ErrorKind::Config, format!("the directory {}: {why}", dir.display()))
}

#[tokio::test]
async fn what_is_missing_and_what_is_no_directory() {
    let dir = Dir::new();
    let forbidden = at(&dir.root(), "it does not exist, and the settings forbid to create it");
    assert_eq!(refused(dir.options().create(false)).await, forbidden);
    assert_eq!(refused(dir.options().read_only(true)).await, forbidden);
    assert!(!dir.root().exists());

    let deep = dir.path().join("no/such");
    let why = "the directory that it is in does not exist; create that first";
    assert_eq!(refused(Options::new(&deep)).await, at(&deep, why));

    let file = dir.path().join("file");
    fs::write(&file, "text").unwrap();
    let why = "this or something above it is not a directory; name one";
    for path in [file.clone(), file.join("below")] {
        assert_eq!(refused(Options::new(&path)).await, at(&path, why));
    }
    assert_eq!(fs::read(&file).unwrap(), b"text");
}

#[tokio::test]
async fn own_files_of_a_newer_version_or_of_somebody_else() {
    let dir = Dir::new();
    dir.open().await.disconnect().await;
    let lock = own(&dir.root()).join("lock");
    let mut bytes = fs::read(&lock).unwrap();
    bytes[7] = 9;
    fs::write(&lock, &bytes).unwrap();
    let (kind, message) = refused(dir.options()).await;
    assert_eq!(kind, ErrorKind::Corrupt);
    assert!(
        message.ends_with(
            "the store has format 9, and this version knows format 1; use a newer version"
        ),
        "{message}"
    );
    fs::write(&lock, "something else, and not short").unwrap();
    let (kind, message) = refused(dir.options()).await;
    assert_eq!(kind, ErrorKind::Corrupt);
    assert!(message.contains("was not made by persist"), "{message}");
}

#[tokio::test]
async fn a_directory_opened_read_only_is_read_and_not_touched() {
    let dir = Dir::new();
    fs::create_dir(dir.root()).unwrap();
    fs::write(dir.file("a"), "1").unwrap();
    let reading = dir.options().read_only(true).open().await.unwrap();
    assert_eq!(reading.get("a").await.unwrap(), b"1");
    for error in [
        reading.set("a", "2").await.unwrap_err(),
        reading.set("large", vec![0; 3 << 20]).await.unwrap_err(),
        reading.remove("a").await.unwrap_err(),
    ] {
        let Error::Storage(error) = error else { panic!("{error}") };
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("the store was opened read-only"), "{error}");
    }
    reading.tidy().await.unwrap();
    assert_eq!(reading.check().await.unwrap().values, 1);
    assert!(!own(&dir.root()).exists());
    assert_eq!(tree(&dir.root()).len(), 1);
    // It takes notice of one who writes later.
    let writing = dir.open().await;
    writing.set("a", "3").await.unwrap();
    assert_eq!(reading.get("a").await.unwrap(), b"3");
}

#[test]
fn rights_that_are_missing_are_told() {
    let dir = Dir::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let kv = dir.open().await;
        kv.set("open", "1").await.unwrap();
        kv.set("closed", "1").await.unwrap();
        kv.set("d/a", "1").await.unwrap();
        kv.disconnect().await;
    });
    let mode = |path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    mode(dir.file("closed"), 0o000);
    mode(dir.root(), 0o555);
    mode(dir.path().to_owned(), 0o755);
    let options = dir.options();
    let opened = thread::spawn(move || {
        // Root may do everything, so this thread, and those that it starts, become nobody.
        if rustix::process::geteuid().is_root() {
            let nobody = rustix::process::Uid::from_raw(65534);
            rustix::thread::set_thread_uid(nobody).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(refused(options))
    });
    let (kind, message) = opened.join().unwrap();
    assert_eq!(kind, ErrorKind::Config, "{message}");
    assert!(message.contains("the rights do not allow it"), "{message}");
    mode(dir.root(), 0o755);
}
