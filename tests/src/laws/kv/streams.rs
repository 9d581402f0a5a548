//! Readers and writers.

use std::io::{ErrorKind, SeekFrom};

use persist_core::kv::Error;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::aid::{clean, listed, pattern};
use crate::{KvSubject, Place};

/// A reader gives the value from any position, and never a mixture of two.
pub async fn readers<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let value = pattern(1_000_000, 3);
    kv.set("d/v", &value).await.unwrap();
    let mut reader = kv.reader("d/v").await.unwrap();
    assert_eq!(reader.size(), 1_000_000);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).await.unwrap();
    assert!(read == value);
    for (to, position) in [
        (SeekFrom::Start(700_001), 700_001),
        (SeekFrom::Current(99), 700_105),
        (SeekFrom::End(-5), 999_995),
    ] {
        assert_eq!(reader.seek(to).await.unwrap(), position);
        let mut five = Vec::new();
        (&mut reader).take(5).read_to_end(&mut five).await.unwrap();
        let at = usize::try_from(position).unwrap();
        if position == 700_001 {
            // Where the next seek goes on from.
            reader.seek(SeekFrom::Start(700_006)).await.unwrap();
        }
        assert_eq!(five, value[at..at + 5]);
    }
    reader.seek(SeekFrom::End(10)).await.unwrap();
    assert_eq!(reader.read(&mut [0; 4]).await.unwrap(), 0);
    reader.seek(SeekFrom::Current(-2_000_000)).await.unwrap_err();

    let mut reader = kv.reader("d/v").await.unwrap();
    let mut begun = [0; 10];
    reader.read_exact(&mut begun).await.unwrap();
    kv.set("d/v", pattern(1_000_000, 4)).await.unwrap();
    let mut rest = Vec::new();
    match reader.read_to_end(&mut rest).await {
        Ok(_) => assert!(rest == value[10..], "a mixture"),
        Err(error) => {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            assert!(inner.is_some_and(Error::is_retryable), "{error:?}");
            assert!(rest == value[10..10 + rest.len()], "a mixture");
        }
    }
    assert!(matches!(kv.reader("d").await, Err(Error::ValueExpected(_))));
    assert!(matches!(kv.reader("e").await, Err(Error::NotFound(_))));
}

/// What is written is there as a whole after `shutdown`, and not at all before it or without it.
pub async fn writers<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for size in [0, 10, 70_000, 1 << 20, (1 << 20) + 1, 5_000_000] {
        let value = pattern(size, 5);
        kv.set("d/v", "old").await.unwrap();
        let mut writer = kv.writer("d/v");
        for piece in value.chunks(300_000) {
            writer.write_all(piece).await.unwrap();
        }
        writer.flush().await.unwrap();
        assert_eq!(kv.get("d/v").await.unwrap(), b"old");
        writer.shutdown().await.unwrap();
        assert!(kv.get("d/v").await.unwrap() == value, "{size}");
        writer.shutdown().await.unwrap();
        writer.write_all(b"more").await.unwrap_err();
    }
    for size in [10, 3_000_000] {
        let mut dropped = kv.writer("d/w");
        dropped.write_all(&pattern(size, 6)).await.unwrap();
        dropped.flush().await.unwrap();
    }
    assert_eq!(listed(&kv, "d").await, ["/d/v"]);
    kv.set("e", "a value").await.unwrap();
    for (key, kind) in [
        ("e/x", ErrorKind::NotADirectory),
        ("", ErrorKind::IsADirectory),
        ("..", ErrorKind::InvalidInput),
    ] {
        let mut writer = kv.writer(key);
        writer.write_all(&pattern(2_000_000, 7)).await.unwrap();
        assert_eq!(writer.shutdown().await.unwrap_err().kind(), kind, "{key}");
    }
    clean(&kv).await;
}
