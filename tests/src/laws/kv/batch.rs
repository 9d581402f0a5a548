//! Several verbs as one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use persist_core::ErrorKind;
use persist_core::kv::{Error, Kind};

use super::aid::{all, listed, sown, told};
use crate::{KvSubject, Place};

/// Reads see the state before, whatever the batch and others have written.
pub async fn batch_before<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let other = kv.clone();
    sown(&kv, &[("d/a", "1"), ("d/b", "2")]).await;
    let (first, again) = (AtomicBool::new(true), AtomicBool::new(false));
    let digest = kv.digest("d/a").await.unwrap();
    kv.batch(async |batch| {
        if first.swap(false, Ordering::Relaxed) {
            // The state is that of the first read.
            batch.exists("d").await?;
            tokio::spawn({
                let other = other.clone();
                async move { other.set("elsewhere", "3").await }
            })
            .await
            .unwrap()?;
        }
        // A store may say so at once, instead of when the batch is committed.
        let elsewhere = batch.exists("elsewhere").await;
        let elsewhere = elsewhere.inspect_err(|_| again.store(true, Ordering::Relaxed))?;
        assert_eq!(elsewhere.is_some(), again.swap(true, Ordering::Relaxed), "the state has moved");
        batch.set("d/a", "new").await?;
        batch.remove("d/b").await?;
        batch.set("d/c", "new").await?;
        batch.rename("d", "e").await?;
        assert_eq!(batch.get("d/a").await?, b"1");
        assert_eq!(batch.get_partial("d/b", 0, 9).await?, b"2");
        assert_eq!(batch.size("d/a").await?, 1);
        assert_eq!(batch.exists("d/c").await?, None);
        assert_eq!(batch.exists("e").await?, None);
        assert_eq!(batch.list("d").await?.len(), 2);
        assert_eq!(batch.digest("d/a").await?, digest);
        batch.last_modified("d/a").await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    assert_eq!(listed(&kv, "").await, ["/e/", "/elsewhere"]);
    assert_eq!(listed(&kv, "e").await, ["/e/a", "/e/c"]);
}

/// Writes are judged and made in their order, each on what the ones before it leave.
pub async fn batch_in_order<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("old/x", "1"), ("old/y/z", "2"), ("v", "3")]).await;
    kv.batch(async |batch| {
        batch.set("a/b", "abc").await?;
        batch.set_partial("a/b", 1, "XYZ").await?;
        assert_eq!(told(batch.allocate("a/b", 1, None).await), "AlreadyPresent /a/b");
        assert_eq!(told(batch.set("a/b/c", "").await), "DictionaryExpected /a/b");
        batch.rename("old", "a").await?;
        assert_eq!(told(batch.rename("old", "x").await), "NotFound /old");
        batch.set_partial("a/old/x", 9, "+").await?;
        batch.rename("a/old/y/z", "a/old/x").await?;
        batch.rename("v", "a/old/y").await?;
        batch.remove("a/old/y/none").await?;
        assert_eq!(told(batch.remove("a/old/x/none").await), "DictionaryExpected /a/old/x");
        batch.set("gone/soon", "4").await?;
        batch.remove("gone").await?;
        batch.set("gone", "a value now").await?;
        batch.rename("a/old", "kept").await?;
        batch.remove("a").await?;
        batch.set("a/again", "5").await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    let expected = [
        ("/a/", ""),
        ("/a/again", "5"),
        ("/gone", "a value now"),
        ("/kept/", ""),
        ("/kept/x", "2"),
        ("/kept/y/", ""),
        ("/kept/y/v", "3"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()));
    assert_eq!(all(&kv).await, expected.into());

    kv.batch(async |batch| {
        batch.remove("").await?;
        assert_eq!(told(batch.rename("kept", "x").await), "NotFound /kept");
        batch.set("only", "this").await
    })
    .await
    .unwrap();
    assert_eq!(listed(&kv, "").await, ["/only"]);
}

/// An error of the function ends the batch, and nothing is written; a run that is over is closed.
pub async fn batch_aborts<S: KvSubject>(place: Place<S>) {
    #[derive(Debug)]
    enum Mine {
        Enough,
        Kv(Error),
    }
    impl From<Error> for Mine {
        fn from(error: Error) -> Self {
            Self::Kv(error)
        }
    }
    let kv = place.kv().await;
    sown(&kv, &[("a", "1")]).await;
    let kept = Mutex::new(None);
    let ended = kv
        .batch(async |batch| {
            batch.set("a", "2").await?;
            batch.set("large", vec![1; 3 << 20]).await?;
            *kept.lock().unwrap() = Some(batch.clone());
            Err::<(), _>(Mine::Enough)
        })
        .await;
    assert!(matches!(ended, Err(Mine::Enough)), "{ended:?}");
    let missing = kv.batch(async |batch| Ok::<_, Mine>(batch.get("b").await?)).await;
    assert!(matches!(missing, Err(Mine::Kv(Error::NotFound(_)))), "{missing:?}");
    let kept = kept.into_inner().unwrap().unwrap();
    for escaped in [kept.get("a").await.map(drop), kept.set("a", "3").await] {
        let closed = matches!(&escaped, Err(Error::Storage(it)) if it.kind() == ErrorKind::Closed);
        assert!(closed, "{escaped:?}");
    }
    assert_eq!(all(&kv).await, [("/a".into(), b"1".to_vec())].into());
    super::aid::clean(&kv).await;
}

/// A listing is part of what a batch has read: who adds an entry meanwhile makes it run again.
pub async fn batch_listing<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("d/a", "1"), ("d/e/x", "1")]).await;
    for (number, change) in ["added", "removed", "renamed", "replaced"].into_iter().enumerate() {
        let runs = AtomicUsize::new(0);
        kv.batch(async |batch| {
            let names: Vec<_> =
                batch.list("d").await?.iter().map(|entry| entry.key.to_string()).collect();
            if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                let kv = kv.clone();
                let changed = async move {
                    match change {
                        "added" => kv.set("d/b", "2").await,
                        "removed" => kv.remove("d/a").await,
                        "renamed" => kv.rename("d/b", "d/c").await,
                        _ => kv.set("d/e", "a value now").await,
                    }
                };
                tokio::spawn(changed).await.unwrap()?;
            }
            batch.set(format!("seen/{number}"), names.join(" ")).await
        })
        .await
        .unwrap();
        assert_eq!(runs.into_inner(), 2, "{change}");
        let seen = kv.get(format!("seen/{number}")).await.unwrap();
        let now = kv.list("d").await.unwrap();
        let now: Vec<_> = now.iter().map(|entry| entry.key.to_string()).collect();
        assert_eq!(String::from_utf8(seen).unwrap(), now.join(" "), "{change}");
    }
}

/// What was read and then changed by others, at whatever depth and also by moving what is above it,
/// makes the function run again on the newest state. What was not read does not.
pub async fn batch_runs_again<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    for (change, again) in
        [("value", true), ("removed", true), ("above", true), ("absent", true), ("sibling", false)]
    {
        kv.remove("").await.unwrap();
        sown(&kv, &[("d/e/a", "old"), ("d/other", "1"), ("spare/a", "new")]).await;
        // A store that goes by the system's clock may take what was just sown for a change.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let runs = AtomicUsize::new(0);
        let seen = kv
            .batch(async |batch| {
                let value = batch.get("d/e/a").await.ok();
                let absent = batch.exists("x/y").await?;
                if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                    let kv = kv.clone();
                    let changed = async move {
                        match change {
                            "value" => kv.set("d/e/a", "new").await,
                            "removed" => kv.remove("d").await,
                            "above" => {
                                kv.rename("d/e", "f").await?;
                                kv.rename("spare", "d/e").await
                            }
                            "absent" => kv.set("x/y", "there").await,
                            _ => kv.set("d/new", "2").await,
                        }
                    };
                    tokio::spawn(changed).await.unwrap()?;
                }
                batch.set("written", "x").await?;
                Ok::<_, Error>((value, absent))
            })
            .await
            .unwrap();
        assert_eq!(runs.into_inner() > 1, again, "{change}");
        let now = (kv.get("d/e/a").await.ok(), kv.exists("x/y").await.unwrap());
        assert_eq!(seen, now, "{change}");
        assert_eq!(kv.exists("written").await.unwrap(), Some(Kind::Value));
    }
}

/// Errors of a batch's verbs are answers, after which it can go on.
pub async fn batch_errors<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    sown(&kv, &[("d/a", "1")]).await;
    kv.batch(async |batch| {
        assert_eq!(told(batch.get("d").await), "ValueExpected /d");
        assert_eq!(told(batch.list("d/a").await), "DictionaryExpected /d/a");
        assert_eq!(told(batch.set("d/a/b", "").await), "DictionaryExpected /d/a");
        assert_eq!(told(batch.rename("d", "d/x").await), "RenameSourcePrefix /d /d/x");
        assert_eq!(told(batch.remove("..").await), "InvalidKey Dots");
        batch.set("d/b", "2").await
    })
    .await
    .unwrap();
    assert_eq!(listed(&kv, "d").await, ["/d/a", "/d/b"]);
}

/// What goes past a batch is refused, and so is a batch in a batch.
pub async fn batch_alone<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let refused = kv
        .batch(async |batch| {
            batch.set("a", "1").await?;
            Ok::<_, Error>((kv.set("b", "2").await, kv.batch(async |_| Ok::<_, Error>(())).await))
        })
        .await
        .unwrap();
    for refused in [refused.0, refused.1] {
        let misuse = matches!(&refused, Err(Error::Storage(it)) if it.kind() == ErrorKind::Misuse);
        assert!(misuse, "{refused:?}");
    }
    assert_eq!(listed(&kv, "").await, ["/a"]);
}

/// What is too much for one batch is refused when it is added, and does not spoil the rest.
pub async fn batch_size<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let part = vec![7; 24 << 20];
    kv.set("a", "").await.unwrap();
    kv.batch(async |batch| {
        batch.set_partial("a", 0, &part).await?;
        batch.set_partial("a", u64::MAX, &part).await?;
        let error = batch.set_partial("a", u64::MAX, &part).await.unwrap_err();
        let large = matches!(&error, Error::Storage(it) if it.kind() == ErrorKind::TooLarge);
        assert!(large, "{error:?}");
        // Values that are set are written ahead, and do not count.
        batch.set("b", &part).await?;
        batch.set("c", &part).await
    })
    .await
    .unwrap();
    assert_eq!(kv.size("a").await.unwrap(), 48 << 20);
    assert_eq!(kv.get("c").await.unwrap(), part);
}

/// Where others are always faster, it ends, and says so.
pub async fn too_many_retries<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    kv.set("hot", "0").await.unwrap();
    for retries in [0, 3, 13] {
        let runs = AtomicUsize::new(0);
        let disturbed = async |batch: persist_core::kv::KvBatch| {
            let run = runs.fetch_add(1, Ordering::Relaxed);
            batch.get("hot").await?;
            let other = kv.clone();
            let value = format!("{retries} {run}");
            tokio::spawn(async move { other.set("hot", value).await }).await.unwrap()?;
            batch.set("lost", "x").await
        };
        let ended = if retries == 13 {
            kv.batch(disturbed).await
        } else {
            kv.batch_with(retries, disturbed).await
        };
        assert_eq!(told(ended), format!("TooManyRetries {retries}"));
        assert_eq!(runs.into_inner(), retries as usize + 1);
    }
    assert_eq!(listed(&kv, "").await, ["/hot"]);
}
