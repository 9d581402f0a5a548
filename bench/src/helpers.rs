//! Building the helpers: each has dependencies that do not resolve with ours, so each is a
//! workspace of its own, built only when a case needs it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use parking_lot::Mutex;
use persist_bench_kit::Result;

use crate::machine;

/// The helpers that took part.
static BUILT: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// What the helpers measured, with versions: each has the name of its library.
pub fn versions() -> Vec<String> {
    let built = BUILT.lock();
    let version = |name: &&str| {
        let lock = fs::read_to_string(folder(name).join("Cargo.lock")).ok()?;
        Some(format!("{name} {}", machine::locked(&lock).remove(*name)?))
    };
    built.iter().filter_map(version).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}

/// Builds `peers/NAME`, and says where its program is.
pub async fn build(name: &'static str) -> Result<PathBuf> {
    tokio::task::spawn_blocking(move || build_now(name)).await?
}

fn build_now(name: &'static str) -> Result<PathBuf> {
    // Beside our own program, so that both are cleaned up together.
    let ours = env::current_exe()?;
    let target = ours.ancestors().nth(2).ok_or("no target directory")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--release", "--manifest-path"]);
    cargo.arg(folder(name).join("Cargo.toml")).arg("--target-dir").arg(target);
    let output = cargo.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("peers/{name} does not build:\n{words}").into());
    }
    BUILT.lock().insert(name);
    Ok(target.join("release").join(format!("persist-bench-{name}")))
}
