//! Other processes: this test binary, started again in a role.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use persist_core::kv::Kv;
use persist_fs::Options;

use crate::{crash, together};

const ROLE: &str = "PERSIST_FS_ROLE";
const STORE: &str = "PERSIST_FS_STORE";

/// Starts a process in a role, on the store in `root`. What it prints can be read.
pub(crate) fn start(role: &str, root: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["child::role", "--exact", "--nocapture"])
        .env(ROLE, role)
        .env(STORE, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Says something to the parent, on a line of its own.
pub(crate) fn say(what: &str) {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(format!("\n@{what}\n").as_bytes()).and_then(|()| stdout.flush()).unwrap();
}

/// Plays the role that the environment names, and passes at once if it names none.
#[test]
fn role() {
    let (Ok(role), Some(root)) = (env::var(ROLE), env::var_os(STORE)) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let kv: Kv = Options::new(PathBuf::from(root)).open().await.unwrap();
        match role.as_str() {
            "load" => crash::load(kv).await,
            "count" => together::count(&kv).await,
            "idle" => {
                say("open");
                std::future::pending::<()>().await;
            }
            other => panic!("no role {other}"),
        }
    });
}
