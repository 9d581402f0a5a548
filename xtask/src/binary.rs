//! Building the test binary that holds the laws of a backend, to run it without cargo.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::backends::Backend;
use crate::{Result, command};

/// With what a test binary is built.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'s> {
    /// Its package alone: the least to build.
    Package,
    /// The whole workspace but these. What its other tests were built with is not built again,
    /// since cargo chooses the features of dependencies for all that it builds at once.
    AllBut(&'s [&'static str]),
}

/// What cargo says of something that it has built, as far as it matters here.
#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    executable: Option<PathBuf>,
    manifest_path: PathBuf,
    package_id: String,
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Artifact {
    /// The package's name: `..#NAME@VERSION`, or the last folder of `..#VERSION`.
    fn package(&self) -> &str {
        let (path, fragment) = self.package_id.rsplit_once('#').unwrap_or((&self.package_id, ""));
        let folder = path.rsplit('/').next().unwrap_or(path);
        fragment.split_once('@').map_or(folder, |(name, _)| name)
    }
}

/// A built test binary.
#[derive(Debug)]
pub(crate) struct Binary {
    program: PathBuf,
    root: PathBuf,
}

impl Binary {
    /// It, as cargo runs it, ready for arguments of its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.root).env("CARGO_MANIFEST_DIR", &self.root).stdin(Stdio::null());
        command
    }
}

/// Builds the test binary of a backend.
pub(crate) fn build(backend: Backend, scope: Scope<'_>) -> Result<Binary> {
    let mut cargo = command::cargo(["test", "--all-features", "--no-run", "--test", backend.test]);
    cargo.arg("--message-format=json-render-diagnostics");
    match scope {
        Scope::Package => cargo.args(["-p", backend.package]),
        Scope::AllBut(left_out) => {
            cargo.arg("--workspace").args(left_out.iter().flat_map(|name| ["--exclude", name]))
        }
    };
    let built = command::output(&mut cargo)?;
    find(&built, backend).ok_or_else(|| {
        format!("cargo built no test {} of {}", backend.test, backend.package).into()
    })
}

fn find(built: &str, backend: Backend) -> Option<Binary> {
    let artifacts = built.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    artifacts
        .filter(|built| built.package() == backend.package && built.target.name == backend.test)
        .find_map(|built| {
            let root = built.manifest_path.parent()?.to_owned();
            Some(Binary { program: built.executable?, root })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_by_package_and_name() {
        let line = |id: &str, target: &str, executable: &str| {
            format!(
                "{{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///w/{id}\",\
                 \"manifest_path\":\"/w/m\",\"target\":{{\"name\":\"{target}\"}},\
                 \"executable\":{executable}}}\n"
            )
        };
        let built = line("persist-a#0.1.0", "persist_a", "null")
            + &line("b#persist-b@0.1.0", "it", "\"/t/b\"")
            + &line("persist-a#0.1.0", "it", "\"/t/a\"")
            + "{\"reason\":\"build-finished\",\"success\":true}\n";
        let found = |package| find(&built, Backend::new("x", package)).map(|binary| binary.program);
        assert_eq!(found("persist-a"), Some("/t/a".into()));
        assert_eq!(found("persist-b"), Some("/t/b".into()));
        assert_eq!(found("persist-c"), None);
    }
}
