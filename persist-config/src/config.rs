//! The configuration of one store.

use std::fmt;
use std::path::{Path, PathBuf};

use persist_core::kv::Kv;
use persist_core::{Persist, Result};
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::fault::Fault;
use crate::node::Node;
use crate::reader::Lookup;
use crate::{kv, section, source};

const SECTION: &str = "persist";

/// Which backend a store has, and its settings: what [`open`](crate::open) reads from a file, for
/// programs that want to look at it first, or that have it in a configuration of their own.
///
/// A `Config` has been checked: it chooses a backend that is compiled in, and has no unknown keys
/// and no values of wrong types. Environment variables and files that it refers to are looked up
/// when it is opened.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Server {
///     listen: String,
///     persist: persist_config::Config,
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let server: Server = toml::from_str(
///     r#"
///     listen = "0.0.0.0:8080"
///
///     [persist]
///     backend = "mem"
///     "#,
/// )?;
/// let store = server.persist.open().await?;
/// # assert_eq!(server.listen, "0.0.0.0:8080");
/// store.close().await?;
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// Deserialized so, from TOML or any other self-describing format, it does not know its file:
/// [`relative_to`](Self::relative_to) tells it where relative paths begin, and the messages of
/// its errors name keys from the section on, since lines are only known to who reads the file.
/// The `toml` crate adds the line where the section begins, and shows it, with the secrets that it
/// may hold; [`load`](Self::load) never shows any.
#[derive(Clone)]
pub struct Config {
    section: Node,
    name: Option<String>,
    file: Option<String>,
    dir: PathBuf,
}

impl Config {
    /// Reads the section `[persist]` of a TOML file.
    ///
    /// The file is read on the calling thread.
    ///
    /// # Errors
    /// `Config`, with file, line, column and key in the message, for a file that cannot be read
    /// or is not TOML, for an unknown key or backend, a value of a wrong type, and a backend
    /// that is not compiled in.
    pub fn load(file: impl AsRef<Path>) -> Result<Self> {
        Self::load_section(file, SECTION)
    }

    /// Reads another section of a TOML file, for a second store: `"cache"` for `[cache]` with
    /// `[cache.sqlite]`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_section(file: impl AsRef<Path>, section: &str) -> Result<Self> {
        let path = file.as_ref();
        let shown = path.display().to_string();
        let text = source::text(path).map_err(|fault| fault.into_error(Some(&shown)))?;
        // The directory that the path names, not the one a symlink leads to: where a deployment
        // links the file to a copy of the day, the data stays beside the link.
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let dir = whole.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&text, section, Some(shown), dir)
    }

    /// Reads the section `[persist]` of a TOML document.
    ///
    /// ```
    /// let config = persist_config::Config::from_toml("persist.backend = 'mem'")?;
    /// assert_eq!(config.backend_name()?, "mem");
    /// # Ok::<_, persist_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load), with line, column and key.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::parse(text, SECTION, None, PathBuf::new())
    }

    /// Lets relative paths begin at `dir`: by default at the directory of the file, or, if it is
    /// not known, at the current directory.
    #[must_use]
    pub fn relative_to(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    /// The name of the backend: `"mem"`, `"sqlite"`.
    ///
    /// # Errors
    /// `Config`, if it stands in an environment variable or a file that cannot be read, or that
    /// names no backend that is compiled in.
    pub fn backend_name(&self) -> Result<&'static str> {
        section::backend_name(&self.section, self.name(), Lookup::Now(&self.dir))
            .map_err(|fault| self.error(fault))
    }

    /// Opens the store.
    ///
    /// Files that the configuration refers to are read on the calling thread; opening the store
    /// itself does not block it.
    ///
    /// # Errors
    /// `Config`, with file, line, column and key as far as they are known, for an environment
    /// variable that is not set, a file that cannot be read, and what these hold if it does not
    /// serve; and those of the backend's own `Options::open`.
    pub async fn open(&self) -> Result<Persist> {
        let opening = section::open(&self.section, self.name(), &self.dir);
        opening.map_err(|fault| self.error(fault))?.await
    }

    /// Opens the hierarchical keys that the part `kv` of the section describes: in the tables of
    /// its store, which is opened for them, unless it says otherwise.
    ///
    /// [`Kv::disconnect`] then closes the store too.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_kv(&self) -> Result<Kv> {
        let opening = kv::open(&self.section, self.name(), &self.dir);
        opening.map_err(|fault| self.error(fault))?.await
    }

    fn parse(text: &str, name: &str, file: Option<String>, dir: PathBuf) -> Result<Self> {
        let section =
            source::section(text, name).map_err(|fault| fault.into_error(file.as_deref()))?;
        let config = Self { section, name: Some(name.to_owned()), file, dir };
        match section::check(&config.section, name) {
            Ok(()) => Ok(config),
            Err(fault) => Err(config.error(fault)),
        }
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(SECTION)
    }

    fn error(&self, fault: Fault) -> persist_core::Error {
        let fault = match &self.name {
            Some(name) => fault.within(name),
            None => fault,
        };
        fault.into_error(self.file.as_deref())
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let section = Node::deserialize(deserializer)?;
        section::check(&section, SECTION).map_err(D::Error::custom)?;
        Ok(Self { section, name: None, file: None, dir: PathBuf::new() })
    }
}

/// Shows the backend alone: settings may be secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = section::backend_name(&self.section, self.name(), Lookup::Later);
        let mut shown = f.debug_struct("Config");
        match chosen {
            Ok(name) => shown.field("backend", &name),
            Err(_) => shown.field("backend", &format_args!("(looked up when opened)")),
        };
        shown.finish_non_exhaustive()
    }
}
