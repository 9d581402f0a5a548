use std::sync::Arc;
use std::time::Duration;

use persist_servers::Postgres;
use tokio::time::timeout;

use super::Connection;
use crate::Options;

/// Whoever waits for its end may be dropped with his runtime.
#[tokio::test]
async fn a_connection_that_was_left_in_a_statement_is_of_no_more_use() {
    let url = Postgres::shared_url().unwrap();
    let settings = Arc::new(Options::new().url(url).settle().unwrap());
    let mut connection = Connection::open(&settings).await.unwrap();
    connection.script("SELECT 1".to_owned()).await.unwrap();
    assert!(!connection.is_broken());
    let sleeps = connection.script("SELECT pg_sleep(10)".to_owned());
    assert!(timeout(Duration::from_millis(50), sleeps).await.is_err());
    assert!(connection.is_broken());
}
