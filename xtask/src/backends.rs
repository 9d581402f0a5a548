//! The backends there are: a new one adds its line here and nowhere else.

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// A backend, under the name that configuration files and `--backend` use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backend {
    /// Its name: that of its package without `persist-`.
    pub(crate) name: &'static str,
    /// Whether TOML files can choose it, so that `persist-config` has a feature of its name.
    pub(crate) in_config: bool,
    /// The crate that implements it, whose `it` tests hold the laws.
    pub(crate) package: &'static str,
}

/// Every backend, in the order of the matrix.
pub(crate) static ALL: &[Backend] = &[
    Backend { name: "mem", in_config: true, package: "persist-mem" },
    Backend { name: "sqlite", in_config: true, package: "persist-sqlite" },
    Backend { name: "fs", in_config: true, package: "persist-fs" },
    Backend { name: "custom-backend", in_config: false, package: "persist-custom-backend" },
];

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
