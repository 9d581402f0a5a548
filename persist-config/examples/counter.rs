//! Counts how often it has run: `cargo run --example counter [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "the number is what it is for")]

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use persist_core::Ref;

#[tokio::main]
async fn main() -> ExitCode {
    persist_config::serve_if_asked();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let counted = match arguments.as_slice() {
        [] => count(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/counter.toml").as_ref()).await,
        [flag, file] if flag == "--config" => count(file.as_ref()).await,
        _ => {
            eprintln!("usage: counter [--config FILE]");
            return ExitCode::from(2);
        }
    };
    match counted {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("counter: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprint!(": {error}");
                cause = error.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}

async fn count(config: &Path) -> persist_core::Result<()> {
    let store = persist_config::open(config).await?;
    let runs = Ref::persistent(&store, "counter", 0u64).await?;
    println!("{}", runs.update(|n| n + 1).await?);
    store.close().await
}
