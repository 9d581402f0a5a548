//! The first program of the README.
#![expect(clippy::print_stdout, reason = "it shows what it does")]

use persist_core::Ref;

#[tokio::main]
async fn main() -> persist_core::Result<()> {
    let store = persist_config::open("server.toml").await?;
    let runs = Ref::persistent(&store, "runs", 0u64).await?;
    println!("run {}", runs.update(|n| n + 1).await?);
    store.close().await
}

#[test]
fn stops_where_there_is_no_configuration() {
    assert_eq!(main().unwrap_err().kind(), persist_core::ErrorKind::Config);
}
