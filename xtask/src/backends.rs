//! The backends there are: a new one adds its line here and nowhere else.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use persist_servers::Server;

/// A backend, under the name that configuration files and `--backend` use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backend {
    /// Its name: that of its package without `persist-`.
    pub(crate) name: &'static str,
    /// Whether TOML files can choose it, so that `persist-config` has a feature of its name.
    pub(crate) in_config: bool,
    /// The crate that implements it.
    pub(crate) package: &'static str,
    /// The servers without which its tests fail.
    pub(crate) needs: &'static [Server],
    /// The test binary of the crate that holds the laws.
    pub(crate) test: &'static str,
}

/// Every backend, in the order of the matrix.
pub(crate) static ALL: &[Backend] = &[
    Backend::new("mem", "persist-mem"),
    Backend::new("sqlite", "persist-sqlite"),
    Backend::new("sqlite-relaxed", "persist-sqlite").form("relaxed"),
    Backend::new("sqlite-exclusive", "persist-sqlite").form("exclusive"),
    Backend::new("dbm", "persist-dbm"),
    Backend::new("dbm-shared", "persist-dbm").form("shared"),
    Backend::new("pgsql", "persist-pgsql").needing(&[Server::Postgres]),
    Backend::new("fs", "persist-fs"),
    Backend::new("custom-backend", "persist-custom-backend").of_no_file(),
];

impl Backend {
    /// A backend that files can choose, and that needs no server.
    pub(crate) const fn new(name: &'static str, package: &'static str) -> Self {
        Self { name, in_config: true, package, test: "it", needs: &[] }
    }

    /// A backend whose tests need servers.
    const fn needing(self, needs: &'static [Server]) -> Self {
        Self { needs, ..self }
    }

    /// A backend in another form, whose laws are in a test binary of that name.
    const fn form(self, test: &'static str) -> Self {
        Self { in_config: false, test, ..self }
    }

    /// Whether it is another form of one that has the same package.
    pub(crate) fn is_form(self) -> bool {
        self.test != "it"
    }

    /// A backend that no file can choose.
    const fn of_no_file(self) -> Self {
        Self { in_config: false, ..self }
    }
}

/// The backend called `name`.
pub(crate) fn find(name: &str) -> Option<Backend> {
    ALL.iter().copied().find(|backend| backend.name == name)
}

/// The chosen backends, each once and in the order of [`ALL`]; all of them if none is chosen.
pub(crate) fn choose(chosen: &[Backend]) -> Vec<Backend> {
    ALL.iter().copied().filter(|b| chosen.is_empty() || chosen.contains(b)).collect()
}

/// Reads `--backend`; clap lists the names and suggests the nearest one for an unknown name.
pub(crate) fn parser() -> impl TypedValueParser<Value = Backend> {
    PossibleValuesParser::new(ALL.iter().map(|backend| backend.name))
        .try_map(|name| find(&name).ok_or("no such backend"))
}
