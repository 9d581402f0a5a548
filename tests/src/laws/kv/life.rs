//! Clocks, leftovers, handles, the end of a store, and opening it again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use persist_core::ErrorKind;
use persist_core::kv::{Error, days_and_picoseconds};
use tokio::io::AsyncWriteExt;

use super::aid::{all, clean, pattern, sown};
use crate::{KvSubject, Place};

/// The clock that is given is the one that is asked, whatever it says.
pub async fn clock<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for (time, expected) in [
        (UNIX_EPOCH, (0, 0)),
        (UNIX_EPOCH + Duration::from_micros(86_400_000_001), (1, 1_000_000)),
        (UNIX_EPOCH + Duration::from_secs(5_000_000_000), (57_870, 32_000_000_000_000_000)),
    ] {
        let kv = kv.clone().with_clock(move || time);
        kv.set("d/v", "x").await.unwrap();
        let modified = kv.last_modified("d/v").await.unwrap();
        assert_eq!((modified, days_and_picoseconds(modified)), (time, expected));
        kv.batch(async |batch| batch.set("d/w", "y").await).await.unwrap();
        assert_eq!(kv.last_modified("d/w").await.unwrap(), time);
    }
    let before = SystemTime::now() - Duration::from_mins(1);
    kv.set("d/v", "x").await.unwrap();
    assert!(kv.last_modified("d/v").await.unwrap() > before);
}

/// What is removed, replaced, moved over and given up is taken away, and nothing else.
pub async fn leftovers<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let large = pattern(3_000_000, 1);
    for round in 0..3 {
        kv.batch(async |batch| {
            for number in 0..400 {
                batch.set(format!("d/{}/{number}", number % 7), pattern(2_000, number)).await?;
            }
            batch.set("d/large", &large).await
        })
        .await
        .unwrap();
        kv.set("d/large", &large).await.unwrap();
        kv.set("d/large", "small").await.unwrap();
        kv.allocate(format!("zeros{round}"), 500_000, None).await.unwrap();
        kv.set("other", &large).await.unwrap();
        kv.rename("d/1/1", "other").await.unwrap();
        let failed = kv
            .batch(async |batch| {
                batch.set("never", &large).await?;
                Err::<(), _>(Error::TooManyRetries(0))
            })
            .await;
        assert!(failed.is_err());
        let mut writer = kv.writer("never");
        writer.write_all(&large).await.unwrap();
        drop(writer);
        kv.rename("d", format!("moved{round}")).await.unwrap();
        kv.remove(format!("moved{round}/2")).await.unwrap();
    }
    kv.remove("moved0").await.unwrap();
    clean(&kv).await;
    let before = all(&kv).await;
    let health = kv.check().await.unwrap();
    let values = before.iter().filter(|(key, _)| !key.ends_with('/'));
    let bytes: usize = values.clone().map(|(_, value)| value.len()).sum();
    assert_eq!((health.values, health.bytes), (values.count() as u64, bytes as u64));
    kv.remove("").await.unwrap();
    clean(&kv).await;
    let health = kv.check().await.unwrap();
    assert_eq!((health.values, health.dictionaries, health.bytes), (0, 1, 0));
}

/// A clone is the same handle; what one writes the others see.
pub async fn shared_handles<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let clone = kv.clone();
    let writes = (0..20).map(|number| kv.set(format!("d/{number}"), number.to_string()));
    futures_util::future::try_join_all(writes.collect::<Vec<_>>()).await.unwrap();
    assert_eq!(clone.list("d").await.unwrap().len(), 20);
    drop(kv);
    assert_eq!(clone.get("d/7").await.unwrap(), b"7");
}

/// After `disconnect` every verb is `Closed`, of every clone; it may be called again.
pub async fn closed<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    kv.set("d/v", "x").await.unwrap();
    let mut watch = kv.watch("d");
    watch.ready().await.unwrap();
    let clone = kv.clone();
    kv.disconnect().await;
    kv.disconnect().await;
    let closed = |ended: Result<(), Error>| {
        let closed = matches!(&ended, Err(Error::Storage(it)) if it.kind() == ErrorKind::Closed);
        assert!(closed, "{ended:?}");
    };
    closed(clone.get("d/v").await.map(drop));
    closed(clone.exists("d/v").await.map(drop));
    closed(clone.list("d").await.map(drop));
    closed(clone.digest("d").await.map(drop));
    closed(clone.set("d/v", "y").await);
    closed(clone.set("d/v", pattern(2_000_000, 1)).await);
    closed(clone.remove("d").await);
    closed(clone.rename("d", "e").await);
    closed(clone.batch(async |_| Ok::<_, Error>(())).await);
    closed(clone.check().await.map(drop));
    closed(clone.tidy().await);
    assert!(watch.next().await.is_none());
    assert!(kv.watch("d").next().await.is_none_or(|item| item.is_err()));
}

/// What was awaited is there when the store is opened again, and nothing is left over.
pub async fn reopened<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let large = pattern(2_500_000, 1);
    sown(&kv, &[("a/b/c", "1"), ("a/d", "2"), ("e", "3"), ("f/g", "4")]).await;
    kv.set("a/large", &large).await.unwrap();
    kv.rename("a", "f").await.unwrap();
    kv.remove("e").await.unwrap();
    kv.set_partial("f/a/large", 100_000, "part").await.unwrap();
    let before = all(&kv).await;
    let digest = kv.digest("").await.unwrap();
    kv.disconnect().await;
    drop(kv);
    let kv = place.kv().await;
    assert!(all(&kv).await == before);
    assert_eq!(kv.digest("").await.unwrap(), digest);
    clean(&kv).await;
}
