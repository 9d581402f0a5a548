//! A disk that takes no more.

use persist_core::{ErrorKind, Outcome};
use persist_dbm::Options;

use crate::child::say;
use crate::dir::numbers;
use crate::{Child, Dir};

/// Writes until it cannot, and then tries to go on.
pub(crate) async fn fills(options: Options) {
    let store = options.open().await.unwrap();
    let table = numbers(&store, "t").await;
    let values = crate::dir::values(&store).await;
    let mut n = 0;
    let error = loop {
        let mut batch = store.batch();
        batch.insert(&table, n, n).unwrap();
        batch.insert(&values, &n.to_string(), &[7; 4000]).unwrap();
        match batch.commit().await {
            Ok(_) => say(&n.to_string()),
            Err(error) => break error,
        }
        n += 1;
    };
    say(&format!("{:?} {:?}", error.kind(), error.outcome()));
    for _ in 0..3 {
        let error = table.insert(-1, -1).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
        assert!(error.to_string().contains("open it again"), "{error}");
        assert_eq!(table.get(0).await.unwrap_err().kind(), ErrorKind::Backend);
    }
    // What was acknowledged is durable already, so whatever it says, it ends.
    let _ = store.close().await;
    say("closed");
}

#[tokio::test]
async fn after_a_failed_write_nothing_more_is_acknowledged() {
    let dir = Dir::new();
    let mut said = Child::confined("fills", &dir.store(), 3000).end();
    assert_eq!(said.pop().as_deref(), Some("closed"));
    // The write itself has failed, or one of sled's own that came before it.
    let told = said.pop().unwrap();
    assert!(["NoSpace Unknown", "NoSpace NotApplied"].contains(&&*told), "{told}");
    let last: i64 = said.last().unwrap().parse().unwrap();
    assert!(last > 10, "only {last} were written");
    let store = dir.open().await;
    let table = numbers(&store, "t").await;
    let values = crate::dir::values(&store).await;
    for n in 0..=last {
        assert_eq!(table.get(n).await.unwrap(), Some(n), "{n} was acknowledged");
        assert_eq!(values.get(&n.to_string()).await.unwrap().unwrap().len(), 4000);
    }
    assert_eq!(table.get(-1).await.unwrap(), None);
    assert_eq!(table.len().await.unwrap(), values.len().await.unwrap(), "half of a batch");
}
