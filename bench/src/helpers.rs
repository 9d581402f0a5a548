//! Building the helpers: each has dependencies that do not resolve with ours, so each is a
//! workspace of its own, built only when a case needs it.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use parking_lot::Mutex;
use persist_bench_kit::Result;

/// What the helpers measured, with versions.
static VERSIONS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub fn remember(versions: &[String]) {
    VERSIONS.lock().extend(versions.iter().cloned());
}

pub fn versions() -> BTreeSet<String> {
    VERSIONS.lock().clone()
}

/// Builds `peers/NAME`, and says where its program is.
pub async fn build(name: &'static str) -> Result<PathBuf> {
    tokio::task::spawn_blocking(move || build_now(name)).await?
}

fn build_now(name: &str) -> Result<PathBuf> {
    // Beside our own program, so that both are cleaned up together.
    let ours = env::current_exe()?;
    let target = ours.ancestors().nth(2).ok_or("no target directory")?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--release", "--manifest-path"]);
    cargo.arg(manifest.join("Cargo.toml")).arg("--target-dir").arg(target);
    let output = cargo.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("peers/{name} does not build:\n{words}").into());
    }
    Ok(target.join("release").join(format!("persist-bench-{name}")))
}
