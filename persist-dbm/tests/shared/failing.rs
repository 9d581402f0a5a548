//! A store that fails under its server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use persist_core::column::{Bytes, Integer};
use persist_core::{ErrorKind, Outcome, Table};

use crate::store::Store;

/// Writes a server program in which no file may grow past so many blocks of 512 bytes.
fn write_program(path: &Path, limit: &str) {
    let program = env!("CARGO_BIN_EXE_persist-dbmd");
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nulimit -f {limit}\nexec '{program}' \"$@\"\n");
    // Renamed into its place: what is being run cannot be written.
    let new = path.with_extension("new");
    fs::write(&new, script).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&new, path).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_the_next_server_goes_on_when_there_is_space() {
    let store = Store::new();
    let program = store.path().with_file_name("limited");
    write_program(&program, "20000");
    let client = store.options().server_program(&program).open().await.unwrap();
    let table: Table<Integer, Bytes> = client.table("t").await.unwrap();
    let server = store.server();
    let value = |n: i64| {
        let mut seed = n.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()
        };
        (0..25_000).flat_map(|_| next()).collect::<Vec<u8>>()
    };
    let mut written = 0;
    let error = loop {
        match table.insert(written, &value(written)).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the limit is not felt");
    };
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert_ne!(error.outcome(), Outcome::Applied);
    assert!(written > 10, "{written}");

    write_program(&program, "unlimited");
    // The server that failed has gone, or is going; the next one has all that was acknowledged.
    for number in 0..written {
        assert!(table.get(number).await.unwrap() == Some(value(number)), "{number} is lost");
    }
    for number in written..written + 50 {
        table.insert(number, &value(number)).await.unwrap();
    }
    assert_ne!(store.server(), server);
}
