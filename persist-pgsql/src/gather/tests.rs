use std::sync::Arc;
use std::time::Duration;

use persist_core::ErrorKind;
use persist_core::backend::{Cell, CellType, ColumnSpec, TableHandle, TableSpec};
use tokio::time::{sleep, timeout};

use super::Gather;
use crate::Options;
use crate::pool::Pool;
use crate::runtime::Runtime;

/// One in the round of each collector, one in none, and one who comes when all is over.
#[tokio::test]
async fn nobody_waits_for_collectors_that_are_gone() {
    // Nobody listens there, so each collector tries to connect again and again.
    let settings = Options::new().url("postgres://127.0.0.1:1/nowhere").settle().unwrap();
    let runtime = Runtime::start().unwrap();
    let gather = Arc::new(Gather::new(&runtime, &Pool::new(&Arc::new(settings))));
    let ask = || {
        let gather = Arc::clone(&gather);
        tokio::spawn(async move { gather.get(table(), vec![Cell::Integer(1)]).await })
    };
    let mut asked = Vec::new();
    for (under_way, waiting) in [(1, 0), (2, 0), (2, 1)] {
        asked.push(ask());
        let are_there = || {
            let queue = gather.shared.queue.lock();
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

fn table() -> TableHandle {
    let column = ColumnSpec { cell: CellType::Integer, codec: "integer".to_owned() };
    TableHandle::new(1, TableSpec::new("t", column.clone(), column), ())
}
