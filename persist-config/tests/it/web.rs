//! The example `web`, as a real process that is talked to in plain HTTP.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use futures_util::future::join_all;
use persist_core::Table;
use persist_core::column::{Integer, Text};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::examples::example;
use crate::support::Place;

const SQLITE: &str = "[server]\nlisten = '127.0.0.1:0'\n[persist]\nbackend = 'sqlite'\n\
    [persist.sqlite]\nfile = 'web.sqlite'\n";
const MEM: &str = "[server]\nlisten = '127.0.0.1:0'\n[persist]\nbackend = 'mem'\n";

struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    fn start(place: &Place) -> Self {
        let mut process = example("web", &place.toml()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").unwrap().trim_end().to_owned();
        Self { process, output, address }
    }

    /// Sends a request, whose answer is still to be read.
    async fn send(&self, request: &str, json: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let length = json.len();
        let whole = format!(
            "{request} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
        );
        stream.write_all(whole.as_bytes()).await.unwrap();
        stream
    }

    /// The status and the body.
    async fn ask(&self, request: &str, json: &str) -> (u16, String) {
        let mut answer = String::new();
        self.send(request, json).await.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    async fn number(&self, request: &str) -> i64 {
        let (status, body) = self.ask(request, "").await;
        assert_eq!(status, 200, "{body}");
        body.parse().unwrap()
    }

    /// Stops it as ctrl-c does.
    fn stop(mut self) {
        kill_process(Pid::from_child(&self.process), Signal::INT).unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "closed\n");
        assert!(self.process.wait().unwrap().success());
    }
}

/// Where a test fails, the server goes too.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn hits(server: &Server, from: i64) {
    let mut counted = join_all((0..64).map(|_| server.number("GET /hits/home"))).await;
    counted.sort_unstable();
    assert_eq!(counted, (from + 1..=from + 64).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_are_exact_and_outlive_the_server() {
    let place = Place::new(SQLITE);
    for from in [0, 64] {
        let server = Server::start(&place);
        hits(&server, from).await;
        server.stop();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listing_is_sent_as_it_is_read() {
    const PAGES: i64 = 50_000;
    let place = Place::new(SQLITE);
    let server = Server::start(&place);
    // By another process than the server's.
    let store = place.load().unwrap().open().await.unwrap();
    let table: Table<Text, Integer> = store.table("hits").await.unwrap();
    let page = |n: i64| format!("{n:06}-{}", "x".repeat(100));
    let mut batch = store.batch();
    for n in 0..PAGES {
        batch.insert(&table, &page(n), n).unwrap();
    }
    assert_eq!(batch.commit().await.unwrap(), persist_core::Committed::Applied);

    // More than the sockets hold, so it is under way until it is read on; and others are served.
    let mut listing = server.send("GET /hits", "").await;
    let mut begun = vec![0; 1000];
    listing.read_exact(&mut begun).await.unwrap();
    assert_eq!(server.number("GET /hits/zzz").await, 1);
    assert_eq!(server.number("GET /hits/zzz").await, 2);
    listing.read_to_end(&mut begun).await.unwrap();

    let answer = String::from_utf8(begun).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    let mut lines = body.split("\r\n").skip(1).step_by(2);
    for n in 0..PAGES {
        assert_eq!(lines.next(), Some(&*format!("{} {n}\n", page(n))));
    }
    assert_eq!(lines.next(), Some("zzz 2\n"), "what was written behind it while it was read");
    store.close().await.unwrap();
    server.stop();
}

/// How many of 32 orders at once end with each status.
async fn order(server: &Server, id: impl Fn(i64) -> i64) -> [usize; 3] {
    let json = r#"{ "sku": "tea", "by": "bob", "price": 5 }"#;
    let requests: Vec<String> = (0..32).map(|n| format!("POST /orders/{}", id(n))).collect();
    let answers = join_all(requests.iter().map(|request| server.ask(request, json))).await;
    let with = |status| answers.iter().filter(|(found, _)| *found == status).count();
    let counts = [with(200), with(402), with(409)];
    assert_eq!(counts.iter().sum::<usize>(), answers.len(), "{answers:?}");
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_in_handlers() {
    for toml in [SQLITE, MEM] {
        let place = Place::new(toml);
        let server = Server::start(&place);
        hits(&server, 0).await;
        assert_eq!(server.ask("GET /hits", "").await.1, "8\r\nhome 64\n\r\n0\r\n\r\n");

        assert_eq!(server.number("POST /wallets/bob/100").await, 100);
        assert_eq!(order(&server, |_| 0).await, [1, 0, 31]);
        assert_eq!(order(&server, |n| n + 1).await, [19, 13, 0]);
        assert_eq!(server.number("POST /wallets/bob/0").await, 0);
        server.stop();
    }
}
