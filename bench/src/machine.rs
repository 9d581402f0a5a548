//! On what it was measured, and what.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use persist_servers::Postgres;
use serde::Deserialize;

use crate::helpers;

/// Crates whose version says something about a figure.
const CRATES: [&str; 9] =
    ["imbl", "moka", "rusqlite", "sled", "redb", "fjall", "tokio-postgres", "redis", "tokio"];

/// The machine, then what was measured there, with versions.
pub fn describe() -> Vec<String> {
    std::iter::once(machine()).chain(versions()).collect()
}

fn machine() -> String {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cpu = field(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown processor".into());
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let disk = file_system(&read("/proc/mounts"));
    format!(
        "{cpu}, {cores} cores, {} GiB; Linux {}; stores on {disk}",
        kib.div_ceil(1024 * 1024),
        kernel.trim()
    )
}

/// The kind of file system on which temporary directories are.
fn file_system(mounts: &str) -> String {
    let place = std::env::temp_dir();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let here = mounts.filter(|(point, _)| place.starts_with(point));
    here.max_by_key(|(point, _)| point.len()).map_or("?".into(), |(_, kind)| kind.to_owned())
}

fn versions() -> Vec<String> {
    let mut found = vec![format!("persist {}", commit())];
    let mut locked = locked(include_str!("../Cargo.lock"));
    let named = CRATES.iter().filter_map(|name| Some(format!("{name} {}", locked.remove(*name)?)));
    found.extend(named);
    found.push(format!("SQLite {}", rusqlite::version()));
    if let Ok(version) = Postgres::version() {
        let number = version.split(' ').next().unwrap_or_default().to_owned();
        found.push(format!("PostgreSQL {number}"));
    }
    // "Redis server v=7.0.15 sha=.."
    let redis = output("redis-server", &["--version"]);
    found.extend(
        redis
            .split_once(" v=")
            .map(|(_, rest)| format!("Redis {}", rest.split(' ').next().unwrap_or_default())),
    );
    found.extend(helpers::versions());
    found.push(output("rustc", &["--version"]));
    found.retain(|version| !version.is_empty());
    found
}

/// The commit of the sources.
fn commit() -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    output("git", &["-C", root, "describe", "--always", "--dirty", "--tags"])
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or(String::new(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
}

/// The crates in a lock file.
pub fn locked(lock: &str) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let lock: Lock = toml::from_str(lock).unwrap_or(Lock { package: vec![] });
    lock.package.into_iter().map(|package| (package.name, package.version)).collect()
}
