//! What is told of programs that are not there. That Redis's is found on `PATH` alone makes it the
//! one to try; where PostgreSQL's are looked for is tested beside the code.

use persist_servers::{Error, Redis, Server};

use crate::owner;

#[test]
fn a_missing_program_is_an_error_with_the_command_that_installs_it() {
    let mut child = owner::role("install::role_start_redis");
    let output = child.env("PATH", "/nowhere").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let words = "Redis is not installed (no program `redis-server`); \
                 install it with `apt-get install -y redis-server`";
    assert!(text.contains(words), "{text}");
}

#[test]
#[ignore = "runs in a process of its own"]
fn role_start_redis() {
    let error = Redis::start().unwrap_err();
    assert!(matches!(error, Error::Missing { server: Server::Redis, .. }));
    println!("{error}");
}

#[test]
fn the_commands_name_debians_packages() {
    assert_eq!(Server::Postgres.install_command(), "apt-get install -y postgresql");
    assert_eq!(Server::Redis.install_command(), "apt-get install -y redis-server");
    Server::Postgres.check().unwrap();
    Server::Redis.check().unwrap();
}
