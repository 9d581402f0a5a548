//! Servers end with the process that started them, however that ends.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use persist_servers::{Postgres, Redis};

/// This binary again, to run nothing but one of the functions that are ignored otherwise.
pub(crate) fn role(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([name, "--exact", "--ignored", "--nocapture"]).env_remove("PERSIST_PG_URL");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "still not: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// A process that owns servers, with the numbers and directories of those.
struct Owner {
    child: Child,
    servers: Vec<(String, String)>,
    // Held open: a process that prints to nobody dies of it.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Owner {
    fn start(role_name: &str) -> Self {
        let mut child = role(role_name).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut servers = Vec::new();
        for line in lines.by_ref().map(Result::unwrap) {
            if line == "ready" {
                break;
            }
            if let Some((pid, dir)) = line.split_once(" in ") {
                servers.push((pid.to_owned(), dir.to_owned()));
            }
        }
        for (pid, dir) in &servers {
            assert!(runs(pid) && Path::new(dir).is_dir(), "{pid} {dir}");
        }
        Self { child, servers, _lines: lines }
    }

    fn assert_nothing_is_left(&self) {
        for (pid, dir) in &self.servers {
            wait_until("the server ended", || !runs(pid));
            wait_until("its directory is removed", || !Path::new(dir).exists());
        }
    }
}

#[test]
fn an_owner_killed_by_sigkill_leaves_nothing() {
    let mut owner = Owner::start("owner::role_own_servers");
    assert_eq!(owner.servers.len(), 2);
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    owner.assert_nothing_is_left();
}

#[test]
fn a_shared_server_ends_with_an_orderly_exit_too() {
    let mut owner = Owner::start("owner::role_share_a_server");
    assert_eq!(owner.servers.len(), 1);
    owner.child.stdin.take().unwrap().write_all(b"exit\n").unwrap();
    assert!(owner.child.wait().unwrap().success());
    owner.assert_nothing_is_left();
}

#[test]
#[ignore = "runs in a process of its own"]
fn role_own_servers() {
    let starting = thread::spawn(|| (Postgres::start().unwrap(), Redis::start().unwrap()));
    // The thread that started them has ended by now; that must not end them.
    let (postgres, redis) = starting.join().unwrap();
    println!("\n{} in {}", postgres.pid().unwrap(), postgres.socket_dir().display());
    println!("{} in {}", redis.pid().unwrap(), redis.dir().display());
    say_ready_and_wait();
}

#[test]
#[ignore = "runs in a process of its own"]
fn role_share_a_server() {
    let url = Postgres::shared_url().unwrap();
    assert_eq!(url, Postgres::shared_url().unwrap());
    let host = url.split(['@', ':']).nth(2).unwrap();
    let dir = host.replace("%2F", "/");
    let status = fs::read_to_string(Path::new(&dir).join("data/postmaster.pid")).unwrap();
    println!("\n{} in {dir}", status.lines().next().unwrap());
    say_ready_and_wait();
}

fn say_ready_and_wait() {
    println!("ready");
    io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_server_that_is_there_is_shared() {
    let mut child = role("owner::role_share_what_is_there");
    assert!(child.env("PERSIST_PG_URL", "postgres://somewhere/else").status().unwrap().success());
}

#[test]
#[ignore = "runs in a process of its own"]
fn role_share_what_is_there() {
    assert_eq!(Postgres::shared_url().unwrap(), "postgres://somewhere/else");
}
