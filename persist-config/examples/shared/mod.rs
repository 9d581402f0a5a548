//! What the examples share: which configuration file they open.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file that `--config` names, or else the one of this name beside the examples.
pub(crate) fn config(default: &str) -> anyhow::Result<PathBuf> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(default)),
        [flag, file] if flag == "--config" => Ok(file.into()),
        _ => anyhow::bail!("the only argument is --config FILE"),
    }
}
