//! The file that says what a directory is.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use persist_core::{Error, ErrorKind, Result};
use serde::Deserialize;

use crate::disk::sync_dir;
use crate::error::{at, corrupt};

const MARKER: &str = "persist-dbm.toml";
const NEW: &str = "persist-dbm.toml.new";

/// The number of the layout that this version writes and reads.
const FORMAT: u32 = 1;

/// The sled whose files this version writes and reads.
const ENGINE: &str = "sled 0.34";

/// What a store says of itself. What newer versions add is not known here, and not refused before
/// the number of the format is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Marker {
    format: u32,
    #[serde(default)]
    engine: String,
    #[serde(default)]
    data: String,
}

impl Marker {
    /// The marker of a store whose files are in the directory of this number.
    pub(crate) fn new(data: u64) -> Self {
        Self { format: FORMAT, engine: ENGINE.to_owned(), data: format!("{}{data}", super::DATA) }
    }

    /// The marker of a store with the same content in the next directory.
    pub(crate) fn next(&self) -> Self {
        Self::new(self.number().unwrap_or(0) + 1)
    }

    /// The name of sled's directory.
    pub(crate) fn data(&self) -> &str {
        &self.data
    }

    /// Checks that this version can open the store.
    pub(super) fn check(&self) -> Result<()> {
        if self.format > FORMAT {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "it was made by a newer version (format {}, this one knows up to {FORMAT}); \
                     update this program",
                    self.format
                ),
            ));
        }
        if self.engine != ENGINE {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "its files are those of {}, and this program has {ENGINE}; open it with the \
                     program that made it, and copy it from there",
                    self.engine
                ),
            ));
        }
        if self.number().is_none() {
            return Err(damaged());
        }
        Ok(())
    }

    /// The marker in a directory, if there is one.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(MARKER);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| damaged())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
        };
        toml::from_str(&text).map(Some).map_err(|error| damaged().caused_by(error))
    }

    /// Writes the marker in place of the one that is there, whole or not at all.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let text = format!(
            "# This directory is a store of persist-dbm; nothing else belongs into it.\n\
             format = {}\nengine = {:?}\ndata = {:?}\n",
            self.format, self.engine, self.data
        );
        let (new, path) = (dir.join(NEW), dir.join(MARKER));
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o640);
        let written = options.open(&new).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(at(&new))?;
        fs::rename(&new, &path).map_err(at(&path))?;
        sync_dir(dir)
    }

    fn number(&self) -> Option<u64> {
        self.data.strip_prefix(super::DATA)?.parse().ok()
    }
}

fn damaged() -> Error {
    corrupt(format!("{MARKER} cannot be read; restore a copy of the directory"))
}
