//! A disk that is full: a small file system in memory, mounted for the test.

use std::ffi::CStr;
use std::path::{Path, PathBuf};

use persist_core::kv::{Error, Kv};
use persist_fs::Options;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::Dir;
use crate::dir::tree;

const SIZE: &CStr = c"size=1M,mode=0777";

struct Small {
    at: PathBuf,
    _dir: Dir,
}

impl Small {
    fn new() -> Self {
        let dir = Dir::new();
        let at = dir.path().join("small");
        std::fs::create_dir(&at).unwrap();
        if let Err(error) = mount("tmpfs", &at, "tmpfs", MountFlags::empty(), Some(SIZE)) {
            panic!(
                "this test mounts a small file system, and may not: {error}. Run it as root, or \
                 in a namespace of its own: `unshare --user --map-root-user --mount cargo test`"
            );
        }
        Self { at, _dir: dir }
    }

    async fn open(&self) -> Kv {
        Options::new(&self.at).open().await.unwrap()
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.at).unwrap();
        stat.f_bavail * stat.f_bsize
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // A thread of the store may hold it for a moment yet; detached, it ends with that.
        unmount(&self.at, UnmountFlags::DETACH).unwrap();
    }
}

fn is_no_space(error: &Error) {
    assert!(matches!(error, Error::NoSpace(_)), "{error}");
    assert_eq!(error.outcome(), persist_core::Outcome::NotApplied);
}

/// Fills all that is left.
fn fill(root: &Path) -> PathBuf {
    let path = root.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    path
}

#[tokio::test]
async fn a_full_disk_leaves_everything_as_it_was_until_there_is_space() {
    let small = Small::new();
    let kv = small.open().await;
    kv.set("d/old", vec![1; 100_000]).await.unwrap();
    kv.set("d/other", "other").await.unwrap();
    let filler = fill(&small.at);
    let before = tree(&small.at);
    let batch = kv.batch(async |batch| {
        batch.remove("d/other").await?;
        batch.rename("d/old", "new/place").await?;
        batch.set("d/old", vec![3; 50_000]).await
    });
    let errors = [
        kv.set("d/old", vec![2; 100_000]).await.unwrap_err(),
        kv.set("d/old", vec![2; 5 << 20]).await.unwrap_err(),
        kv.set_partial("d/old", 50_000, vec![2; 100_000]).await.unwrap_err(),
        kv.set("new/dir/value", vec![2; 10_000]).await.unwrap_err(),
        kv.allocate("zeros", 500_000, None).await.unwrap_err(),
        batch.await.unwrap_err(),
    ];
    for error in &errors {
        is_no_space(error);
    }
    assert_eq!(tree(&small.at), before);
    kv.tidy().await.unwrap();
    let health = kv.check().await.unwrap();
    assert_eq!((health.leftovers, health.orphans), (0, 0), "{health:?}");

    std::fs::remove_file(filler).unwrap();
    kv.set("d/old", vec![2; 100_000]).await.unwrap();
    kv.allocate("zeros", 500_000, None).await.unwrap();
    assert_eq!(kv.get("d/old").await.unwrap(), vec![2; 100_000]);
    assert_eq!(kv.get("zeros").await.unwrap(), vec![0; 500_000]);
}

#[tokio::test]
async fn a_full_disk_can_be_emptied_by_the_store_itself() {
    let small = Small::new();
    let kv = small.open().await;
    let half = vec![1; usize::try_from(small.free() / 2).unwrap() - 64 * 1024];
    kv.set("a", &half).await.unwrap();
    kv.set("b", &half).await.unwrap();
    let filler = fill(&small.at);
    is_no_space(&kv.set("c", &half).await.unwrap_err());
    // What a removal frees is there for the very next write.
    for _ in 0..5 {
        kv.remove("a").await.unwrap();
        kv.set("a", &half).await.unwrap();
    }
    std::fs::remove_file(filler).unwrap();
    assert_eq!(kv.size("a").await.unwrap(), half.len() as u64);
}

#[tokio::test]
async fn a_file_system_that_is_mounted_inside_is_no_dictionary() {
    let small = Small::new();
    let kv = Options::new(small.at.parent().unwrap()).open().await.unwrap();
    std::fs::write(small.at.join("theirs"), "1").unwrap();
    for error in [
        kv.get("small/theirs").await.unwrap_err(),
        kv.rename("small", "large").await.unwrap_err(),
        kv.remove("small").await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("/small: this is a mount point"), "{error}");
    }
    let error = kv.remove("/").await.unwrap_err();
    assert!(matches!(&error, Error::Storage(_)), "{error}");
    assert_eq!(std::fs::read(small.at.join("theirs")).unwrap(), b"1");
    kv.disconnect().await;
}
