//! Child processes: the test binary started again, to open the same place.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::report::REPORT;
use crate::{KvSubject, Place, Subject, laws};

/// The variable that makes a process a child, and says what it shall do.
const CHILD: &str = "PERSIST_LAWS_CHILD";

/// What begins each line that a child says, among what the test harness prints.
const SAYS: &str = "@child ";

#[derive(Serialize, Deserialize)]
struct Orders {
    role: String,
    input: String,
    place: PathBuf,
    seed: u64,
    home: String,
}

/// A running child process. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    lines: UnboundedReceiver<String>,
    stderr: UnboundedReceiver<String>,
}

impl Child {
    /// Starts a process that plays `role` at the same place.
    pub(crate) fn start<S>(place: &Place<S>, role: &str, input: &str) -> Self {
        let orders = Orders {
            role: role.to_owned(),
            input: input.to_owned(),
            place: place.path().to_owned(),
            seed: place.seed(),
            home: place.home().to_owned(),
        };
        let module = place.home().split_once("::").map_or("", |(_, module)| module);
        let mut process = Command::new(env::current_exe().expect("the test binary has a path"))
            .args([&format!("{module}::child"), "--exact", "--nocapture"])
            .env(CHILD, serde_json::to_string(&orders).expect("orders are plain text"))
            .env_remove(REPORT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a child process");
        let stdin = process.stdin.take();
        let (line, lines) = mpsc::unbounded_channel();
        let stdout = process.stdout.take().expect("it is piped");
        thread::spawn(move || forward(stdout, &line));
        let (text, stderr) = mpsc::unbounded_channel();
        let mut errors = process.stderr.take().expect("it is piped");
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is still worth showing.
            let _ = errors.read_to_end(&mut bytes);
            let _ = text.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        Self { process, stdin, lines, stderr }
    }

    /// Says a line to the child.
    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("the child is listened to");
        writeln!(stdin, "{line}").expect("the child listens");
    }

    /// The next line that the child says. It must say one.
    pub(crate) async fn line(&mut self) -> String {
        match self.lines.recv().await {
            Some(line) => line,
            None => panic!("a child ended too early: {}", self.errors().await),
        }
    }

    /// The lines that the child still says until it ends, which it must do well.
    pub(crate) async fn end(mut self) -> Vec<String> {
        let lines = self.rest().await;
        let status = self.process.wait().expect("the child ends");
        assert!(status.success(), "a child failed, {status}: {}", self.errors().await);
        lines
    }

    /// Kills the child as `kill -9` does. What it had said before, and was not taken yet.
    pub(crate) async fn kill(mut self) -> Vec<String> {
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("a killed child ends");
        self.rest().await
    }

    async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.lines.recv().await {
            lines.push(line);
        }
        lines
    }

    async fn errors(&mut self) -> String {
        self.stderr.recv().await.unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends on what a child says. A line that was cut by its death is not one.
fn forward(stdout: impl Read, lines: &UnboundedSender<String>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    while stdout.read_line(&mut line).is_ok_and(|read| read > 0) {
        let said = line.strip_prefix(SAYS).and_then(|line| line.strip_suffix('\n'));
        if said.is_some_and(|said| lines.send(said.to_owned()).is_err()) {
            return;
        }
        line.clear();
    }
}

/// What a child knows of its parent.
#[derive(Debug)]
pub(crate) struct Parent {
    /// What it was started with.
    pub(crate) input: String,
    lines: UnboundedReceiver<String>,
}

impl Parent {
    /// The next line that the parent says.
    pub(crate) async fn line(&mut self) -> String {
        self.lines.recv().await.expect("the parent says something")
    }
}

/// Says a line to the parent, at once, from any task.
pub(crate) fn say(line: &str) {
    // The harness may have begun a line of its own.
    let text = format!("\n{SAYS}{line}\n");
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).expect("the parent listens");
}

/// The body of the test `child`: plays the role that the environment names, if it names one.
pub fn child<S: Subject>() {
    play(async |role, place: Place<S>, parent| laws::play(&role, place, parent).await);
}

/// The same, for a store of hierarchical keys that stands on no backend.
pub fn kv_child<S: KvSubject>() {
    play(async |role, place: Place<S>, parent| {
        let role = role.strip_prefix("kv::").unwrap_or_else(|| panic!("no child plays {role}"));
        laws::kv::play(role, place, parent).await;
    });
}

fn play<S>(role: impl AsyncFnOnce(String, Place<S>, Parent)) {
    let Ok(orders) = env::var(CHILD) else { return };
    let orders: Orders = serde_json::from_str(&orders).expect("orders of a parent");
    let (sender, lines) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            // Roles that do not listen are not told.
            let _ = sender.send(line);
        }
        // The parent has ended or has dropped this child, which must not go on alone.
        std::process::exit(3);
    });
    let parent = Parent { input: orders.input, lines };
    let place = Place::<S>::new(orders.place, orders.seed, orders.home);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(role(orders.role, place, parent));
}
