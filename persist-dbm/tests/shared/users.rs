//! Processes of other users.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::child::Child;
use crate::store::Store;

const NOBODY: &str = "65534";

/// What a process of another user is told when it opens the store. Only root can become somebody
/// else; who a server admits is tested for everybody where it is decided.
fn as_nobody(store: &Store, role: &str) -> String {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]);
    command.arg(std::env::current_exe().unwrap());
    Child::of(command, &store.path(), role).line().expect("it says how that went")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_refused_unless_admitted() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let store = Store::new();
    let client = store.open().await;
    let mode = |path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    mode(store.path().parent().unwrap().to_owned(), 0o755);
    // The directory is not theirs.
    let told = as_nobody(&store, "open");
    assert!(told.starts_with("Config") && told.contains("`other_users`"), "{told}");
    // Nor is the socket.
    mode(store.path(), 0o755);
    let told = as_nobody(&store, "open");
    assert!(told.starts_with("Config") && told.contains("`other_users`"), "{told}");
    // Were it theirs, the client would not trust the server, nor the server the client.
    mode(store.socket(), 0o666);
    let told = as_nobody(&store, "open");
    assert!(told.starts_with("Config") && told.contains("its server belongs to user 0"), "{told}");
    let told = as_nobody(&store, "open others");
    assert!(told.starts_with("Config") && told.contains("no process of user 65534"), "{told}");
    assert!(client.tables().await.is_ok());
    drop(client);

    let store = Store::new();
    let client = store.options().other_users(true).open().await.unwrap();
    mode(store.path().parent().unwrap().to_owned(), 0o755);
    mode(store.path(), 0o755);
    mode(store.socket(), 0o666);
    assert_eq!(as_nobody(&store, "open others"), "open");
    drop(client);
}
