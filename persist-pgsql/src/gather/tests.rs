use std::sync::Arc;
use std::time::Duration;

use persist_core::ErrorKind;
use persist_core::backend::{Cell, CellType, ColumnSpec, TableHandle, TableSpec};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::Gather;
use super::homes::Known;
use crate::Options;
use crate::pool::Pool;
use crate::runtime::Runtime;

/// One in the round of each collector, one in none, and one who comes when all is over.
#[tokio::test]
async fn nobody_waits_for_collectors_that_are_gone() {
    // Nobody listens there, so each collector tries to connect again and again.
    let settings = Options::new().url("postgres://127.0.0.1:1/nowhere").settle().unwrap();
    let runtime = Runtime::start().unwrap();
    let gather = Arc::new(Gather::new(&runtime, &Pool::new(&Arc::new(settings), &runtime)));
    let ask = || {
        let gather = Arc::clone(&gather);
        tokio::spawn(async move { gather.get(&table(), &[Cell::Integer(1)]).await })
    };
    let mut asked = Vec::new();
    for (under_way, waiting) in [(1, 0), (2, 0), (2, 1)] {
        asked.push(ask());
        let are_there = || {
            let mut homes = gather.shared.homes.lock();
            let queue = homes.queue(gather.own.id());
            (queue.under_way, queue.waiting.len()) == (under_way, waiting)
        };
        while !are_there() {
            sleep(Duration::from_millis(1)).await;
        }
    }
    drop(runtime);
    asked.push(ask());
    for answer in asked {
        let answer = timeout(Duration::from_secs(30), answer).await.unwrap().unwrap();
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Closed);
    }
}

/// The store's own runtime reads until the caller's is known to be fit, and is not needed after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_are_made_on_the_runtime_of_who_asks() {
    let url = persist_servers::Postgres::shared_url().unwrap();
    let settings = Options::new().url(url).settle().unwrap();
    let runtime = Runtime::start().unwrap();
    let gather = Gather::new(&runtime, &Pool::new(&Arc::new(settings), &runtime));
    // The table is none of PostgreSQL's: that is said by who has come so far.
    let is_read =
        async || gather.get(&table(), &[]).await.unwrap_err().kind() == ErrorKind::Backend;
    assert!(is_read().await);
    let here = Handle::current().id();
    while gather.shared.homes.lock().known(here) != Known::Fit {
        sleep(Duration::from_millis(1)).await;
    }
    drop(runtime);
    assert!(is_read().await);
}

fn table() -> TableHandle {
    let column = ColumnSpec { cell: CellType::Integer, codec: "integer".to_owned() };
    TableHandle::new(1, TableSpec::new("t", column.clone(), column), ())
}
