//! A tiny program that stores a row and reads it again.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use persist_bench_kit::Result;
use serde::Deserialize;
use tempfile::TempDir;

use crate::machine::locked;

/// A project in a temporary directory, with all that it depends on downloaded.
pub struct Consumer(TempDir);

pub struct Build {
    pub time: Duration,
    pub crates: usize,
}

const BENCH: &str = env!("CARGO_MANIFEST_DIR");

impl Consumer {
    pub fn ours(engine: &str) -> Result<Self> {
        let root = Path::new(BENCH).parent().ok_or("bench has no folder above it")?;
        let folder = |name: &str| format!("{name} = {{ path = {:?} }}\n", root.join(name));
        let dependencies = folder("persist-core") + &folder(&format!("persist-{engine}"));
        let options = match engine {
            "pgsql" => "persist_pgsql::Options::new().url(\"postgres://localhost/rows\")".into(),
            engine => format!("persist_{engine}::Options::new(\"store\")"),
        };
        let work = format!(
            "let store = {options}.open().await.unwrap();
             let rows: Table<Text, Bytes> = store.table(\"rows\").await.unwrap();
             rows.insert(\"key\", b\"value\").await.unwrap();
             println!(\"{{:?}}\", rows.get(\"key\").await.unwrap());"
        );
        let uses = "use persist_core::{Table, column::{Bytes, Text}};";
        Self::new(&dependencies, uses, &work, &root.join("Cargo.lock"))
    }

    /// Of the version that is measured as a peer.
    pub fn opendal(engine: &str) -> Result<Self> {
        let lock = Path::new(BENCH).join("peers/opendal/Cargo.lock");
        let mut versions = locked(&fs::read_to_string(&lock)?);
        let version = versions.remove("opendal").ok_or("the peer has no opendal")?;
        let fields = ".table(\"rows\").key_field(\"key\").value_field(\"value\")";
        let (feature, service) = match engine {
            "sqlite" => ("sqlite", format!("Sqlite::default().connection_string(\"\"){fields}")),
            "dbm" => ("sled", "Sled::default().datadir(\"store\").tree(\"rows\")".to_owned()),
            "pgsql" => {
                let url = "\"postgres://localhost/rows\"";
                let service = format!("Postgresql::default().connection_string({url}){fields}");
                ("postgresql", service)
            }
            other => return Err(format!("OpenDAL has no {other}").into()),
        };
        let dependencies = format!(
            "opendal = {{ version = \"={version}\", default-features = false, \
             features = [\"executors-tokio\", \"services-{feature}\"] }}\n"
        );
        let work = format!(
            "let operator = opendal::Operator::new(opendal::services::{service}).unwrap();
             operator.write(\"key\", \"value\").await.unwrap();
             println!(\"{{:?}}\", operator.read(\"key\").await.unwrap());"
        );
        Self::new(&dependencies, "", &work, &lock)
    }

    /// Versions are those of `lock`.
    fn new(dependencies: &str, uses: &str, work: &str, lock: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("persist-bench-").tempdir()?;
        let manifest = format!(
            "[package]\nname = \"consumer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [workspace]\n[dependencies]\n{dependencies}\
             tokio = {{ version = \"1\", features = [\"rt-multi-thread\"] }}\n"
        );
        let main = format!(
            "{uses}
             fn main() {{
             let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
             runtime.unwrap().block_on(async {{ {work} }});
             }}"
        );
        fs::write(dir.path().join("Cargo.toml"), manifest)?;
        fs::copy(lock, dir.path().join("Cargo.lock"))?;
        fs::create_dir(dir.path().join("src"))?;
        fs::write(dir.path().join("src/main.rs"), main)?;
        let consumer = Self(dir);
        consumer.cargo(&["fetch"])?;
        Ok(consumer)
    }

    /// Builds all of it, from nothing.
    pub fn build(&self) -> Result<Build> {
        let begin = Instant::now();
        let done = self.cargo(&[
            "build",
            "--release",
            "--locked",
            "--offline",
            "--message-format=json",
            "--target-dir=target",
        ])?;
        let time = begin.elapsed();
        fs::remove_dir_all(self.0.path().join("target"))?;
        Ok(Build { time, crates: compiled(&done)? })
    }

    /// What cargo says on standard output.
    fn cargo(&self, args: &[&str]) -> Result<String> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(args).arg("--quiet").current_dir(&self.0).stdin(Stdio::null());
        // A cache of builds would make none of them cold.
        cargo.env_remove("RUSTC_WRAPPER").env_remove("CARGO_BUILD_RUSTC_WRAPPER");
        let output = cargo.output().map_err(|error| format!("cannot start cargo: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let words = String::from_utf8_lossy(&output.stderr);
        Err(format!("`cargo {}` failed:\n{words}", args.join(" ")).into())
    }
}

/// How many packages were compiled, the last one apart, which is the program.
fn compiled(messages: &str) -> Result<usize> {
    #[derive(Deserialize)]
    struct Message {
        reason: String,
        package_id: Option<String>,
    }
    let mut packages = BTreeSet::new();
    for line in messages.lines() {
        let message: Message = serde_json::from_str(line)?;
        if message.reason == "compiler-artifact" {
            packages.extend(message.package_id);
        }
    }
    Ok(packages.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_a_build_script_is_one() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"libc"}
            {"reason":"build-script-executed","package_id":"libc"}
            {"reason":"compiler-artifact","package_id":"libc"}
            {"reason":"compiler-artifact","package_id":"consumer"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(compiled(messages).unwrap(), 1);
    }
}
