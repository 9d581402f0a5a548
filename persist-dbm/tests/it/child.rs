//! Child processes: this test binary started again, to do something with a store until it is
//! killed.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};

use crate::{compacting, full, killed};

const ROLE: &str = "PERSIST_DBM_ROLE";
const STORE: &str = "PERSIST_DBM_STORE";

/// What begins each line that a child says, among what the test harness prints.
const SAYS: &str = "@child ";

/// A running child process. It is killed when this is dropped.
pub(crate) struct Child {
    process: std::process::Child,
    lines: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(role: &str, store: &Path) -> Self {
        Self::run(Command::new(env::current_exe().unwrap()), role, store)
    }

    /// A child that may not make files larger than this, and is told so by an error.
    pub(crate) fn confined(role: &str, store: &Path, kilobytes: u32) -> Self {
        let mut command = Command::new("bash");
        let confine = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
        command.arg("-c").arg(confine).arg(env::current_exe().unwrap());
        Self::run(command, role, store)
    }

    fn run(mut command: Command, role: &str, store: &Path) -> Self {
        let mut process = command
            .args(["child::plays_its_role", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(STORE, store)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// The next line that it says, until it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A line that was cut by its death is not one.
            let said = line.strip_prefix(SAYS).and_then(|line| line.strip_suffix('\n'));
            if let Some(said) = said {
                return Some(said.to_owned());
            }
        }
    }

    /// Kills it as `kill -9` does; what it had said and was not taken yet.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.line()).collect()
    }

    /// Waits for its end, which must be a good one; what it says until then.
    pub(crate) fn end(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.line()).collect();
        assert!(self.process.wait().unwrap().success(), "{said:?}");
        said
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Says a line to the parent, at once.
pub(crate) fn say(line: &str) {
    // The harness may have begun a line of its own.
    let text = format!("\n{SAYS}{line}\n");
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plays_its_role() {
    let (Ok(role), Some(store)) = (env::var(ROLE), env::var_os(STORE)) else { return };
    let options = persist_dbm::Options::new(store);
    match &*role {
        "relaxed" => killed::relaxed(options).await,
        "drops" => killed::drops(options).await,
        "compacts" => compacting::compacts(options).await,
        "fills" => full::fills(options).await,
        _ => panic!("no child plays {role}"),
    }
}
