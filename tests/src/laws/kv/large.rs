//! Values that are larger than what is handled at once.

use super::aid::{clean, pattern};
use crate::{KvSubject, Place};

const MIB: usize = 1 << 20;

/// Values above every limit of a page, a chunk and a commit come back as they went.
pub async fn large<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for size in [MIB - 1, MIB, MIB + 1, 5 * MIB + 17, 130 * MIB + 5] {
        let value = pattern(size, size as u64);
        kv.set("d/v", &value).await.unwrap();
        assert_eq!(kv.size("d/v").await.unwrap(), size as u64);
        assert!(kv.get("d/v").await.unwrap() == value, "{size} bytes have changed");
        let (from, length) = (size as u64 / 3, 2 * MIB as u64);
        let part = kv.get_partial("d/v", from, length).await.unwrap();
        let from = size / 3;
        assert!(part == value[from..size.min(from + 2 * MIB)], "a part of {size}");
    }
    kv.set("d/v", "small").await.unwrap();
    clean(&kv).await;
    let health = kv.check().await.unwrap();
    assert_eq!((health.values, health.dictionaries, health.bytes), (1, 2, 5));
}

/// Partial writes at, across and between the borders of chunks.
pub async fn partial<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let mut whole = pattern(300_000, 1);
    kv.set("v", &whole).await.unwrap();
    for (number, (offset, size)) in [
        (0, 1),
        (65_536, 65_536),
        (65_535, 2),
        (131_071, 65_538),
        (1_000, 200_000),
        (299_999, 1),
        (299_999, 70_000),
        (369_999, 3 * MIB),
    ]
    .into_iter()
    .enumerate()
    {
        let bytes = pattern(size, number as u64 + 2);
        kv.set_partial("v", offset as u64, &bytes).await.unwrap();
        whole.resize(whole.len().max(offset + size), 0);
        whole[offset..offset + size].copy_from_slice(&bytes);
        assert!(kv.get("v").await.unwrap() == whole, "{size} bytes at {offset}");
    }
    kv.allocate("zeros", 200_000, None).await.unwrap();
    kv.set_partial("zeros", 130_000, "x").await.unwrap();
    let mut whole = vec![0; 200_000];
    whole[130_000] = b'x';
    assert!(kv.get("zeros").await.unwrap() == whole);
}

/// A value of a GiB is allocated, written and read in parts, for what the parts cost.
pub async fn gibibyte<S: KvSubject>(place: Place<S>) {
    const SIZE: u64 = 1 << 30;
    let kv = place.kv().await;
    kv.allocate("v", SIZE, None).await.unwrap();
    assert_eq!(kv.size("v").await.unwrap(), SIZE);
    let part = pattern(100_000, 7);
    for offset in [0, 65_530, SIZE / 2 + 3, SIZE - 100_000] {
        kv.set_partial("v", offset, &part).await.unwrap();
        let read = kv.get_partial("v", offset, 100_000).await.unwrap();
        assert!(read == part, "at {offset}");
    }
    assert_eq!(kv.get_partial("v", SIZE / 3, 3).await.unwrap(), [0; 3]);
    kv.set_partial("v", u64::MAX, "end").await.unwrap();
    assert_eq!(kv.get_partial("v", SIZE, 9).await.unwrap(), b"end");
    assert_eq!(kv.size("v").await.unwrap(), SIZE + 3);
    kv.rename("v", "far/away").await.unwrap();
    kv.remove("far").await.unwrap();
    clean(&kv).await;
}
