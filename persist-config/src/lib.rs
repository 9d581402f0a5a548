//! Picks and tunes the backend of a store from a TOML file.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("server.toml");
//! std::fs::write(
//!     &file,
//!     r#"
//! [server]                    # other sections belong to the server that owns the file
//! listen = "0.0.0.0:8080"
//!
//! [persist]
//! backend = "mem"             # or "sqlite", "dbm", "pgsql"
//! durability = "full"         # or "relaxed"
//!
//! [persist.sqlite]
//! file = "data/store.sqlite"  # relative to this file
//! "#,
//! )?;
//! let store = persist_config::open(&file).await?;
//! # store.close().await?;
//! # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! Each backend has a section under its own name, with the keys of its `Options`, which are
//! documented there. A `durability` in it goes before the one in `[persist]`. The sections of
//! backends that are not chosen may stay: they are checked for spelling and types, and not looked
//! into further.
//!
//! `[persist.kv]` says where hierarchical keys are ([`open_kv`]): `backend = "table"` puts them into
//! the tables of the store, with the keys of [`TableOptions`](persist_core::kv::TableOptions);
//! `backend = "fs"` makes them plain files in a directory `dir`, with the keys of
//! `persist_fs::Options`, and needs no store.
//!
//! # Settings that stand elsewhere
//!
//! In place of any text, `{ env = "NAME" }` is what an environment variable holds, and
//! `{ file = "PATH" }` what a file holds, without the newline at its end:
//!
//! ```toml
//! [persist]
//! backend = { env = "STORE_BACKEND" }
//!
//! [persist.sqlite]
//! file = { file = "/run/secrets/store-path" }
//! ```
//!
//! # Mistakes
//!
//! Whatever is wrong in a file is an error of the kind `Config`. Its message names file, line,
//! column and key, and the key that was probably meant; no setting that could be a secret is
//! shown in it:
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # std::env::set_current_dir(&dir)?;
//! std::fs::write("server.toml", "[persist]\nbackend = \"mem\"\ndurabilty = \"full\"\n")?;
//! let error = persist_config::Config::load("server.toml").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     r#"server.toml:3:1: persist.durabilty: unknown key; did you mean "durability"?"#
//! );
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! # Features
//!
//! One for each backend, of the same name. All but `pgsql` are on by default.

mod backends;
mod config;
mod fault;
mod kv;
mod node;
mod reader;
mod section;
mod source;

use std::path::Path;

use persist_core::kv::Kv;
use persist_core::{Persist, Result};

pub use config::Config;

/// Makes this program the server of its shared stores, so that `persist-dbmd` need not be installed
/// for them: what `persist_dbm::serve_if_asked` says. Without the feature `dbm` it does nothing.
///
/// Call it first in `main`.
pub fn serve_if_asked() {
    #[cfg(feature = "dbm")]
    persist_dbm::serve_if_asked();
}

/// Opens the store that the section `[persist]` of a TOML file describes.
///
/// # Errors
/// Those of [`Config::load`] and of [`Config::open`].
pub async fn open(file: impl AsRef<Path> + Send) -> Result<Persist> {
    Config::load(file)?.open().await
}

/// Opens the store that another section of a TOML file describes: `"cache"` for `[cache]` with
/// `[cache.sqlite]`.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir()?;
/// # let file = dir.path().join("server.toml");
/// # std::fs::write(&file, "persist.backend = 'mem'\ncache.backend = 'mem'")?;
/// let store = persist_config::open(&file).await?;
/// let cache = persist_config::open_section(&file, "cache").await?;
/// # store.close().await?;
/// # cache.close().await?;
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
/// Those of [`Config::load`] and of [`Config::open`].
pub async fn open_section(file: impl AsRef<Path> + Send, section: &str) -> Result<Persist> {
    Config::load_section(file, section)?.open().await
}

/// Opens the hierarchical keys that the section `[persist.kv]` of a TOML file describes.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let dir = tempfile::tempdir()?;
/// # let file = dir.path().join("server.toml");
/// std::fs::write(
///     &file,
///     r#"
/// [persist]
/// backend = "mem"
///
/// [persist.kv]                # may be left out
/// backend = "table"           # in the tables of the store above
/// name = "files"              # "kv" by default
/// "#,
/// )?;
/// let kv = persist_config::open_kv(&file).await?;
/// kv.set("greetings/en", "hello").await?;
/// kv.disconnect().await;
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
/// Those of [`Config::load`] and of [`Config::open_kv`].
pub async fn open_kv(file: impl AsRef<Path> + Send) -> Result<Kv> {
    Config::load(file)?.open_kv().await
}

/// The programs of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
