//! Redis: starting, crashing and what can be chosen.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use persist_servers::{Fsync, Redis};

use crate::owner::runs;

fn ask(mut stream: impl Read + Write, command: &str) -> String {
    stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    // The last line of a list stands for it: what it is asked for here are pairs.
    let more = match first.split_at(1) {
        ("$", _) => 1,
        ("*", items) => 2 * items.parse::<usize>().unwrap(),
        _ => return first,
    };
    lines.nth(more - 1).unwrap()
}

fn local(server: &Redis, command: &str) -> String {
    ask(UnixStream::connect(server.socket()).unwrap(), command)
}

#[test]
fn a_crash_loses_no_answered_write() {
    let server = Redis::start().unwrap();
    assert_eq!(local(&server, "CONFIG GET appendfsync"), "always");
    assert_eq!(local(&server, "SET key value"), "+OK");
    let pid = server.pid().unwrap().to_string();
    server.kill().unwrap();
    assert!(!runs(&pid));
    assert!(server.pid().is_none() && server.kill().is_err());
    server.restart().unwrap();
    assert_eq!(local(&server, "GET key"), "value");
    server.stop().unwrap();
    server.restart().unwrap();
    assert_eq!(local(&server, "GET key"), "value");
    let dir = server.dir().to_owned();
    drop(server);
    assert!(!dir.exists());
}

#[test]
fn a_port_and_settings_can_be_chosen() {
    let server = Redis::builder()
        .tcp()
        .fsync(Fsync::EverySecond)
        .setting("maxmemory", "10mb")
        .start()
        .unwrap();
    let port = server.port().unwrap();
    assert_eq!(server.url(), format!("redis://127.0.0.1:{port}"));
    let remote = |command| ask(TcpStream::connect(("127.0.0.1", port)).unwrap(), command);
    assert_eq!(remote("CONFIG GET appendfsync"), "everysec");
    assert_eq!(remote("CONFIG GET maxmemory"), "10485760");
    let error = Redis::builder().setting("no-such-setting", "1").start().unwrap_err();
    assert!(error.to_string().contains("no-such-setting"), "{error}");
}
