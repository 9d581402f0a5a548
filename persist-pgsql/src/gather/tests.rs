use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use persist_core::ErrorKind;
use persist_core::backend::{Cell, CellType, ColumnSpec, TableHandle, TableSpec};
use tokio::time::sleep;

use super::Gather;
use crate::Options;
use crate::pool::Pool;
use crate::runtime::Runtime;

/// Some in the round of one collector, some in that of the other, and some in none.
#[tokio::test]
async fn nobody_waits_for_collectors_that_are_gone() {
    // Nobody listens there, so each collector tries to connect again and again.
    let settings = Options::new().url("postgres://127.0.0.1:1/nowhere").settle().unwrap();
    let runtime = Runtime::start().unwrap();
    let gather = Gather::new(&runtime, &Pool::new(&Arc::new(settings)));
    let asks = (0..6).map(|n| {
        let (gather, table) = (&gather, table());
        async move {
            sleep(Duration::from_millis(50 * (n / 2))).await;
            gather.get(table, vec![Cell::Integer(1)]).await
        }
    });
    let end = async {
        sleep(Duration::from_millis(500)).await;
        assert_eq!(gather.shared.queue.lock().waiting.len(), 2);
        drop(runtime);
    };
    let (answers, ()) = join(join_all(asks), end).await;
    for answer in answers {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Closed);
    }
}

fn table() -> TableHandle {
    let column = ColumnSpec { cell: CellType::Integer, codec: "integer".to_owned() };
    TableHandle::new(1, TableSpec::new("t", column.clone(), column), ())
}
