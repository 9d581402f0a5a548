//! Peers that are not what they seem.

use std::io::{ErrorKind as IoErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use persist_core::column::{Bytes, Integer};
use persist_core::{ErrorKind, Persist, Table};

use crate::store::Store;

const MAGIC: &[u8] = b"persist\0";
const VERSION: u32 = 1;

fn frame(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length, content].concat()
}

/// A greeting by a client of this number.
fn hello(client: u8, version: u32) -> Vec<u8> {
    // The client, the first fresh sequence, full durability.
    frame(&[MAGIC, &version.to_be_bytes(), &[client, 1, 0]].concat())
}

/// A connection that has been welcomed.
fn welcomed(store: &Store, client: u8) -> UnixStream {
    let mut stream = UnixStream::connect(store.socket()).unwrap();
    stream.write_all(&hello(client, VERSION)).unwrap();
    let mut welcome = [0; 17];
    stream.read_exact(&mut welcome).unwrap();
    assert_eq!(welcome[..], frame(&[MAGIC, &VERSION.to_be_bytes(), &[0]].concat()));
    stream
}

/// That the server ends a connection.
fn is_ended(mut stream: UnixStream) {
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), IoErrorKind::ConnectionReset),
    }
}

/// That others are served.
async fn served(client: &Persist) {
    let table: Table<Integer, Integer> = client.table("served").await.unwrap();
    table.update_or(1, 0, |n| n + 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_ends_its_connection_alone() {
    let store = Store::new();
    let client = store.open().await;
    let server = store.server();
    let garbage: Vec<u8> = (0..4_000_u32).map(|n| ((n * n * 31) >> 7).to_le_bytes()[0]).collect();
    // Instead of a greeting, as one that is too long, and as one that is none.
    for bytes in [&garbage[..], &frame(&garbage), &frame(&[]), &frame(MAGIC)] {
        let mut stream = UnixStream::connect(store.socket()).unwrap();
        // The server may have ended it before all was written.
        let _ = stream.write_all(bytes);
        is_ended(stream);
        served(&client).await;
    }
    // After a greeting.
    for length in 0..200 {
        let mut stream = welcomed(&store, 7);
        let _ = stream.write_all(&frame(&garbage[length * 3..length * 4]));
        // It may have been a request by chance, and then more comes that is none.
        let _ = stream.write_all(&frame(&[0xff; 32]));
        is_ended(stream);
    }
    served(&client).await;
    assert_eq!(store.server(), server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_and_unfinished_frames_take_no_memory() {
    let store = Store::new();
    let client = store.open().await;
    let server = store.server();
    let before = server.peak_mib();
    for greeted in [false, true] {
        let open = |client| {
            if greeted {
                welcomed(&store, client)
            } else {
                UnixStream::connect(store.socket()).unwrap()
            }
        };
        let mut huge = open(100);
        huge.write_all(&(1_u32 << 30).to_be_bytes()).unwrap();
        is_ended(huge);
        // As large as a frame may be, and then nothing of it.
        let mut unfinished: Vec<_> = (0..20).map(open).collect();
        for stream in &mut unfinished {
            let length: u32 = if greeted { 160 << 20 } else { 16 << 10 };
            stream.write_all(&length.to_be_bytes()).unwrap();
            stream.write_all(&[1; 100]).unwrap();
        }
        served(&client).await;
    }
    served(&client).await;
    assert_eq!(store.server(), server);
    let grown = server.peak_mib() - before;
    assert!(grown < 100, "{grown} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_is_not_asked_again_and_holds_up_nobody() {
    let store = Store::new();
    let client = store.open().await;
    let server = store.server();
    let table: Table<Integer, Bytes> = client.table("t").await.unwrap();
    for number in 0..8 {
        table.insert(number, &vec![7; 900 << 10]).await.unwrap();
    }
    table.insert(100, &vec![7; 24 << 20]).await.unwrap();
    let spec = client.tables().await.unwrap().into_iter().find(|info| info.spec.name == "t");
    let backend = store.options().backend().await.unwrap();
    let id = u8::try_from(backend.open_table(spec.unwrap().spec).await.unwrap().id()).unwrap();
    let before = server.peak_mib();
    let mut deaf: Vec<UnixStream> = Vec::new();
    for number in 0..3 {
        let stream = welcomed(&store, 10 + number);
        stream.set_nonblocking(true).unwrap();
        deaf.push(stream);
    }
    // `Scan` of everything, one row a page, and `Get` of the large value: answers of 1 MiB and
    // of 24 MiB, 20,000 of them.
    let scan = frame(&[1, 4, 0, id, 0, 0, 0, 1, 0]);
    let get = frame(&[1, 3, 0, id, 1, 2, 200, 1, 0]);
    for stream in &mut deaf {
        for number in 0..20_000 {
            let request = if number % 10 == 9 { &get } else { &scan };
            // Refused in the end, since the server reads no more.
            if stream.write(request).is_err() {
                break;
            }
        }
    }
    for _ in 0..20 {
        served(&client).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let grown = server.peak_mib() - before;
    // Of 3 connections: 32 MiB of answers each, one large one, and what was read but not kept.
    assert!(grown < 600, "{grown} MiB");
    // The first answers are what was asked, and none is missing.
    let stream = deaf.first_mut().unwrap();
    stream.set_nonblocking(false).unwrap();
    let mut sizes = [0_usize; 2];
    for _ in 0..100 {
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).unwrap();
        sizes[usize::from(answer.len() > 2 << 20)] += 1;
    }
    assert!(sizes[0] >= 50 && sizes[1] >= 1, "{sizes:?}");
    drop(deaf);
    served(&client).await;
    assert_eq!(store.server(), server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_versions_are_told_which_one_is_spoken() {
    let store = Store::new();
    let client = store.open().await;
    let mut stream = UnixStream::connect(store.socket()).unwrap();
    stream.write_all(&hello(1, 99)).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, frame(&[MAGIC, &VERSION.to_be_bytes()].concat()));
    served(&client).await;

    // And a client that meets another server.
    let other = Store::new();
    std::fs::create_dir(other.path()).unwrap();
    let listener = UnixListener::bind(other.socket()).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&frame(&[MAGIC, &99_u32.to_be_bytes(), b"whatever"].concat())).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = other.options().open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(text.contains("version 99") && text.contains("version 1"), "{text}");
    server.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn something_else_on_the_socket_is_told() {
    let store = Store::new();
    std::fs::create_dir(store.path()).unwrap();
    let listener = UnixListener::bind(store.socket()).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&frame(b"HTTP/1.1 400 Bad Request")).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = store.options().open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("something else"), "{error}");
    server.join().unwrap();
}
