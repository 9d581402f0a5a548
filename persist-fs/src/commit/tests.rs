//! A commit that ends after each of its steps, as it does when its process dies there.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use persist_core::Durability;
use persist_core::kv::{Content, KeyPath};

use super::*;
use crate::health;
use crate::node::Node;
use crate::own::NAME;

const CRASH: &str = "PERSIST_FS_CRASH";

type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

fn open(root: &Path) -> Base {
    Base::for_writing(Node::root(root).unwrap(), Durability::Full).unwrap()
}

fn put(key: &str, content: &str) -> Change {
    let content = Content::Bytes(content.as_bytes().into());
    Change::Put { key: key.into(), content, modified: SystemTime::now() }
}

fn rename(from: &str, to: &str) -> Change {
    Change::Move { from: from.into(), to: to.into(), modified: SystemTime::now() }
}

fn remove(key: &str) -> Change {
    Change::Remove { key: KeyPath::parse(key) }
}

/// Everything that a step can be.
fn changes() -> Vec<Change> {
    vec![
        put("value", "replaced"),
        put("dir", "a value in place of a directory"),
        remove("file"),
        put("file/now/dir", "a directory in place of a value"),
        rename("x/inner", "inner"),
        rename("x", "inner/x"),
        rename("one", "between"),
        rename("two", "one"),
        rename("between", "two"),
        rename("over", "under"),
        remove("gone"),
        put("new/a", "a"),
        put("new/b/c", "c"),
    ]
}

fn prepared(root: &Path) {
    for key in [
        "value",
        "dir/a",
        "dir/b/c",
        "file",
        "x/inner/deep",
        "x/other",
        "one",
        "two",
        "over",
        "under",
        "gone/a",
        "gone/b",
        "bystander",
    ] {
        let path = root.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, key).unwrap();
    }
}

fn tree(root: &Path) -> Tree {
    let (mut tree, mut waiting) = (Tree::new(), vec![root.to_owned()]);
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_name().as_encoded_bytes() == NAME {
                continue;
            }
            if path.is_dir() {
                tree.insert(path.strip_prefix(root).unwrap().to_owned(), None);
                waiting.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                tree.insert(path.strip_prefix(root).unwrap().to_owned(), Some(content));
            }
        }
    }
    tree
}

/// The child: makes so many steps, and dies.
#[test]
fn dies_after_some_steps() {
    let Ok(orders) = env::var(CRASH) else { return };
    let (steps, root) = orders.split_once(' ').unwrap();
    let base = open(Path::new(root));
    let writing = base.writing.as_ref().unwrap();
    let held = base.hold().unwrap().unwrap();
    let plan = Plan::draw(&base.root, &writing.session, &changes()).unwrap();
    let route = plan.route().unwrap();
    let own = &base.own().unwrap().unwrap().dir;
    let mut ground = Ground::new(Arc::clone(&base.root), Arc::clone(own));
    if steps == "none" {
        std::process::abort();
    }
    prepare(writing, &route, &mut ground).unwrap();
    held.begin().unwrap();
    let steps: usize = steps.parse().unwrap();
    go(&route.visible[..steps.min(route.visible.len())], &mut ground, true).unwrap();
    if steps <= route.visible.len() {
        std::process::abort();
    }
    held.end().unwrap();
    sync(&mut ground, true).unwrap();
    if steps == route.visible.len() + 1 {
        std::process::abort();
    }
    forget(writing, &route).unwrap();
    std::process::exit(7);
}

/// Has a child die after so many steps; whether it has committed before.
fn dies(root: &Path, steps: &str) -> bool {
    let child = Command::new(env::current_exe().unwrap())
        .args(["commit::tests::dies_after_some_steps", "--exact"])
        .env(CRASH, format!("{steps} {}", root.display()))
        .output()
        .unwrap();
    // It aborts, unless it has come to its end; a panic is something else.
    assert!(matches!(child.status.code(), None | Some(7)), "{child:?}");
    child.status.code() == Some(7)
}

/// Opens what a crash has left, and looks whether all is as it was.
fn is_clean(root: &Path, expected: &Tree) {
    let begin = std::time::Instant::now();
    loop {
        let base = open(root);
        assert_eq!(&tree(root), expected);
        health::tidy(&base).unwrap();
        let health = health::check(&base).unwrap();
        assert_eq!(&tree(root), expected);
        if (health.leftovers, health.orphans) == (0, 0) {
            return;
        }
        // A child that another test is just starting holds our locks too, until it has its program.
        assert!(begin.elapsed().as_secs() < 5, "{health:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn death_after_any_step_leaves_all_or_nothing() {
    let mut steps = 0;
    loop {
        let dir = tempfile::tempdir().unwrap();
        prepared(dir.path());
        let before = tree(dir.path());
        if dies(dir.path(), &steps.to_string()) {
            let after = tree(dir.path());
            assert_eq!(after.get(Path::new("under")), Some(&Some(b"over".to_vec())));
            assert_eq!(after.get(Path::new("one")), Some(&Some(b"two".to_vec())));
            assert_eq!(after.get(Path::new("inner/x/other")), Some(&Some(b"x/other".to_vec())));
            is_clean(dir.path(), &after);
            break;
        }
        is_clean(dir.path(), &before);
        steps += 1;
    }
    assert!(steps > 10, "there were only {steps} steps");
}

#[test]
fn death_before_the_journal_is_whole_leaves_nothing() {
    for damage in [None, Some(0), Some(30), Some(200)] {
        let dir = tempfile::tempdir().unwrap();
        prepared(dir.path());
        let before = tree(dir.path());
        assert!(!dies(dir.path(), if damage.is_some() { "0" } else { "none" }));
        if let Some(byte) = damage {
            // As it is when not all of it has reached the disk.
            use std::os::unix::ffi::OsStrExt;
            let journal = dir.path().join(std::ffi::OsStr::from_bytes(NAME)).join("journal");
            let mut bytes = fs::read(&journal).unwrap();
            bytes[byte] ^= 1;
            fs::write(&journal, bytes).unwrap();
        }
        is_clean(dir.path(), &before);
    }
}

#[test]
fn undoing_may_be_interrupted_and_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    prepared(dir.path());
    let before = tree(dir.path());
    assert!(!dies(dir.path(), "8"));
    // Some steps are undone, and then that process died as well.
    let root = Arc::new(Node::root(dir.path()).unwrap());
    let own = Arc::new(root.child(NAME).unwrap().unwrap());
    let journal = crate::own::Journal::open(&own, true).unwrap();
    let steps = journal.read().unwrap();
    undo(&steps[5..], &mut Ground::new(root, own)).unwrap();
    assert_ne!(tree(dir.path()), before);
    is_clean(dir.path(), &before);
}

#[test]
fn what_another_program_has_put_there_since_stays() {
    let dir = tempfile::tempdir().unwrap();
    prepared(dir.path());
    let mut expected = tree(dir.path());
    assert!(!dies(dir.path(), "5"));
    // A file of theirs under a name that the commit has taken part in, as an editor puts it.
    fs::write(dir.path().join("theirs"), "theirs").unwrap();
    fs::rename(dir.path().join("theirs"), dir.path().join("value")).unwrap();
    fs::remove_file(dir.path().join("bystander")).unwrap();
    expected.insert("value".into(), Some(b"theirs".to_vec()));
    expected.remove(Path::new("bystander"));
    is_clean(dir.path(), &expected);
}

#[test]
fn a_step_that_cannot_be_made_undoes_the_others() {
    let dir = tempfile::tempdir().unwrap();
    prepared(dir.path());
    let base = open(dir.path());
    let writing = base.writing.as_ref().unwrap();
    let held = base.hold().unwrap().unwrap();
    let plan = Plan::draw(&base.root, &writing.session, &changes()).unwrap();
    let route = plan.route().unwrap();
    // Another program takes the target of a step that is not the first one.
    fs::write(dir.path().join("new"), "theirs").unwrap();
    let before = tree(dir.path());
    let own = &base.own().unwrap().unwrap().dir;
    let mut ground = Ground::new(Arc::clone(&base.root), Arc::clone(own));
    let stopped = travel(writing, &held, &route, &mut ground);
    assert!(matches!(stopped, Err(Stop::Moved)), "{stopped:?}");
    route.abandon(&writing.session);
    drop((route, plan, held));
    assert_eq!(tree(dir.path()), before);
    drop(base);
    is_clean(dir.path(), &before);
}
