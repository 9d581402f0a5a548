//! The settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use persist_core::backend::Backend;
use persist_core::{Durability, Error, ErrorKind, Persist, Result};
use serde::{Deserialize, Serialize};

/// How to open a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    pub(crate) store: PathBuf,
    #[serde(default)]
    pub(crate) durability: Option<Durability>,
    #[serde(default)]
    pub(crate) shared: bool,
    #[serde(default)]
    pub(crate) server_program: Option<PathBuf>,
    #[serde(default = "Options::default_idle_time", with = "humantime_serde")]
    pub(crate) idle_time: Duration,
    #[serde(default)]
    pub(crate) error_log_path: Option<PathBuf>,
    #[serde(default)]
    pub(crate) delay_loading: bool,
    #[serde(default)]
    pub(crate) other_users: bool,
}

impl Options {
    /// The defaults.
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            durability: None,
            shared: false,
            server_program: None,
            idle_time: Self::default_idle_time(),
            error_log_path: None,
            delay_loading: false,
            other_users: false,
        }
    }

    /// Durability.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// Whether several processes share the store.
    #[must_use]
    pub fn shared(mut self, shared: bool) -> Self {
        self.shared = shared;
        self
    }

    /// The program that serves a shared store.
    #[must_use]
    pub fn server_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.server_program = Some(program.into());
        self
    }

    /// Idle time.
    #[must_use]
    pub fn idle_time(mut self, idle_time: Duration) -> Self {
        self.idle_time = idle_time;
        self
    }

    /// The log.
    #[must_use]
    pub fn error_log_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.error_log_path = Some(path.into());
        self
    }

    /// Delay.
    #[must_use]
    pub fn delay_loading(mut self, delay: bool) -> Self {
        self.delay_loading = delay;
        self
    }

    /// Other users.
    #[must_use]
    pub fn other_users(mut self, other_users: bool) -> Self {
        self.other_users = other_users;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn open(self) -> Result<Persist> {
        Ok(Persist::new(self.backend().await?))
    }

    /// Opens the store as a bare backend.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn backend(self) -> Result<Arc<dyn Backend>> {
        if self.shared { crate::shared::open(self).await } else { crate::backend::open(self).await }
    }

    /// Makes the paths independent of the current directory.
    pub(crate) fn make_absolute(&mut self) -> Result<()> {
        let absolute = |path: &PathBuf| {
            std::path::absolute(path).map_err(|error| {
                Error::new(ErrorKind::Config, "`store` or another setting is not a path")
                    .caused_by(error)
            })
        };
        self.store = absolute(&self.store)?;
        for path in [&mut self.server_program, &mut self.error_log_path].into_iter().flatten() {
            *path = absolute(path)?;
        }
        Ok(())
    }

    fn default_idle_time() -> Duration {
        Duration::from_secs(4)
    }
}
