//! Other processes: this test binary started again, to do one thing.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

use persist_core::Persist;
use persist_core::column::{Integer, Text};
use persist_core::{Committed, ErrorKind, Table};
use persist_dbm::Options;

use crate::subject::options;

const ROLE: &str = "PERSIST_DBM_TEST_ROLE";
const PLACE: &str = "PERSIST_DBM_TEST_PLACE";

/// What begins each line that a child says, among what the test harness prints.
const SAYS: &str = "@child ";

/// A process that plays a role on a store; killed when it is dropped.
pub(crate) struct Child {
    process: Process,
    said: BufReader<ChildStdout>,
    /// Closed with this value, which ends the child.
    _stdin: ChildStdin,
}

impl Child {
    pub(crate) fn start(store: &Path, role: &str) -> Self {
        Self::of(Command::new(env::current_exe().unwrap()), store, role)
    }

    /// The same through another program that runs it, such as `setpriv`.
    pub(crate) fn of(mut command: Command, store: &Path, role: &str) -> Self {
        let mut process = command
            .args(["child::play", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(PLACE, store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let stdin = process.stdin.take().unwrap();
        Self { process, said, _stdin: stdin }
    }

    /// The next line that it says; `None` when it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.said.read_line(&mut line).unwrap() > 0 {
            // A line that was cut by its death is not one.
            let said = line.strip_prefix(SAYS).and_then(|line| line.strip_suffix('\n'));
            if let Some(said) = said {
                return Some(said.to_owned());
            }
            line.clear();
        }
        None
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    write!(stdout, "\n{SAYS}{line}\n").and_then(|()| stdout.flush()).unwrap();
}

/// Not a test by itself: what a child does.
#[test]
fn play() {
    let Ok(role) = env::var(ROLE) else { return };
    let place = PathBuf::from(env::var_os(PLACE).unwrap());
    std::thread::spawn(|| {
        // The parent has ended, or has dropped this child.
        let _ = std::io::stdin().lines().count();
        std::process::exit(3);
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        match &*role {
            "open" => open(options(&place)).await,
            "open others" => open(options(&place).other_users(true)).await,
            "batches" => batches(&options(&place).open().await.unwrap()).await,
            "snapshots" => snapshots(&place).await,
            other => panic!("no such role: {other}"),
        }
    });
}

/// Opens the store and says how that went; then holds it open.
async fn open(options: Options) {
    match options.open().await {
        Ok(store) => {
            say("open");
            std::future::pending::<()>().await;
            drop(store);
        }
        Err(error) => say(&format!("{:?} {error}", error.kind())),
    }
}

/// Writes one batch after the other to two tables, and says when each was acknowledged.
async fn batches(store: &Persist) {
    let left: Table<Integer, Integer> = store.table("left").await.unwrap();
    let right: Table<Integer, Text> = store.table("right").await.unwrap();
    let first = left.range(..).rev().limit(1).stream();
    let first = futures_util::TryStreamExt::try_next(&mut { first }).await.unwrap();
    for number in first.map_or(0, |(last, _)| last + 1).. {
        let mut batch = store.batch();
        batch.insert(&left, number, number).unwrap();
        batch
            .insert(&right, number, &"x".repeat(usize::try_from(number % 3_000).unwrap()))
            .unwrap();
        batch.insert(&right, -1 - number, "").unwrap();
        assert_eq!(batch.commit().await.unwrap(), Committed::Applied);
        say(&number.to_string());
    }
}

/// Takes snapshots until no more are given, and holds them.
async fn snapshots(place: &Path) {
    let store = options(place).backend().await.unwrap();
    let mut held = Vec::new();
    loop {
        match store.snapshot().await {
            Ok(snapshot) => held.push(snapshot),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
                break;
            }
        }
    }
    say(&held.len().to_string());
    std::future::pending::<()>().await;
}
