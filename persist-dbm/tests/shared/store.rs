//! A shared store in a temporary directory, and the process that serves it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use persist_core::Persist;
use persist_dbm::Options;
use rustix::process::{Pid, Signal, kill_process};

use crate::subject::options;

/// How long anything may take that must happen at some time.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Store(tempfile::TempDir);

impl Store {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    pub(crate) fn options(&self) -> Options {
        options(&self.path())
    }

    /// Opens the store as another process would: through a connection of its own.
    pub(crate) async fn open(&self) -> Persist {
        self.options().open().await.unwrap()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("socket")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join("dbmd.log")).unwrap()
    }

    pub(crate) fn server(&self) -> Server {
        Server::of(&self.path())
    }
}

/// A running server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Server(i32);

impl Server {
    /// The server that says in the directory that it has the store, or that said so last.
    pub(crate) fn of(store: &Path) -> Self {
        let mut found = None;
        until("somebody has the store", || {
            let owner = fs::read_to_string(store.join("persist-dbm.lock")).unwrap();
            found = owner.trim().strip_prefix("process ").map(|id| id.parse().unwrap());
            found.is_some()
        });
        Self(found.unwrap())
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(self) {
        kill_process(Pid::from_raw(self.0).unwrap(), Signal::KILL).unwrap();
        until("the server is gone", || !self.lives());
    }

    pub(crate) fn signal(self, signal: Signal) {
        kill_process(Pid::from_raw(self.0).unwrap(), signal).unwrap();
    }

    /// Whether the process runs. One that has ended may still be listed as a zombie.
    pub(crate) fn lives(self) -> bool {
        self.stat().is_some_and(|stat| stat[0] != "Z")
    }

    /// The fields of `/proc/PID/stat` that follow the name, the state first.
    pub(crate) fn stat(self) -> Option<Vec<String>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        Some(fields.split(' ').map(str::to_owned).collect())
    }

    pub(crate) fn link(self, name: &str) -> PathBuf {
        fs::read_link(format!("/proc/{}/{name}", self.0)).unwrap()
    }

    /// The most memory that it has ever had, in MiB.
    pub(crate) fn peak_mib(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    pub(crate) fn id(self) -> i32 {
        self.0
    }
}

/// Waits until something holds that must hold at some time.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "it never happens that {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
