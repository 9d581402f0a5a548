//! Hierarchical keys on a directory of plain files: a value is a file with exactly its bytes, a
//! dictionary is a directory, and any other program may read and edit them.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let dir = tempfile::tempdir().unwrap();
//! # let root = dir.path().join("site");
//! use persist_core::kv::Error;
//!
//! let kv = persist_fs::Options::new(&root).open().await?;
//! kv.set("posts/first.md", "# Hello").await?;
//! assert_eq!(std::fs::read_to_string(root.join("posts/first.md")).unwrap(), "# Hello");
//!
//! // Of several writes, all happen or none, also when the process dies.
//! kv.batch(async |batch| {
//!     batch.rename("posts", "archive/2026").await?;
//!     batch.set("index.md", "see the archive").await
//! })
//! .await?;
//!
//! // What others do is seen at once.
//! std::fs::write(root.join("index.md"), "edited").unwrap();
//! assert_eq!(kv.get("index.md").await?, b"edited");
//! kv.disconnect().await;
//! # Ok::<_, Error>(()) }).unwrap();
//! ```
//!
//! # What is an entry
//! Plain files and directories. A symbolic link, a pipe, a socket, a device and a mount point is
//! none, wherever it leads: verbs that meet one say so and leave it alone, a listing has an error in
//! its place, and a name that is no UTF-8 is an error there likewise. None of them disturbs what is
//! beside it, and removing the dictionary around them removes them (but not what is mounted). Every
//! name is resolved against the open directory that it is in, so nothing leads out of the root, also
//! if links are exchanged for directories at the worst moment.
//!
//! A file system that takes different names for one (by case, say), or cannot exchange two names
//! at once, is refused when the store is opened. ext4, xfs, btrfs and tmpfs serve; network file
//! systems do not, as their locks do not hold. The crate needs Linux.
//!
//! # What holds
//! - **A file is never half-written under its name.** New content is written and synced elsewhere,
//!   and takes the name in one step. It is a new file: hard links and open handles keep the old one;
//!   the mode of a file that is replaced is kept.
//! - **Batches are all or nothing**, across a crash as well. What was begun is undone by whoever
//!   takes the lock next, at the latest when the store is opened again.
//! - **Processes that use this crate** see each other's commits whole: a read that meets one under
//!   way is made again. Writers take turns by a lock that dies with its holder.
//! - **Other programs** cannot be kept apart. What they read while a batch is applied, some
//!   microseconds, may be in part before it and in part after it, and a name that is moved may be
//!   missing; each file is whole. After a crash they see what the crash has left until the store is
//!   opened. A batch that has read what they edit is tried again; an edit in the very moment of a
//!   commit to the same name may be lost, as one of two editors' edits is.
//! - **A file that another program writes in place** is read when it rests: a read that finds it
//!   changed meanwhile is made again, and in the end is `Busy`. Two such edits that keep its size,
//!   within one tick of the system's clock (4 ms; none since Linux 6.13), look like one.
//!
//! # What it costs
//! A `set` is two syncs, of the file and of its directory. Several changes in one batch share their
//! directories' syncs, and take two more for the journal. Renaming and removing cost the same
//! whatever is below; what is removed is taken away by a thread, afterwards. `set_partial` writes the
//! file anew: where the file system shares blocks (btrfs, xfs), that costs what is written, elsewhere
//! what the file has; use [`writer`](persist_core::kv::Kv::writer) for long contents. Listing costs
//! the names of a directory, and a look at each entry of the page. Reads happen on a thread that may
//! sleep.
//!
//! # Its own files
//! They are in the root, in a directory whose name is no UTF-8, `.persist\xff`, so that no key is
//! lost to them and none leads there. Listings leave it out. It is readable by its owner alone:
//! processes that share a store run as one user. It may be removed while nobody has the store open
//! and no batch was interrupted.

#[cfg(not(target_os = "linux"))]
compile_error!("persist-fs needs Linux: it exchanges names by renameat2 and watches by inotify");

mod base;
mod commit;
mod error;
mod health;
mod node;
mod open;
mod options;
mod own;
mod plan;
mod read;
mod recover;
mod seen;
mod shared;
mod step;
mod store;
mod view;
mod walk;
mod watch;
mod writer;

pub use options::Options;
