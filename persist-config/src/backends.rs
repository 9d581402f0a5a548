//! The backends by name. A new one is a file here that says how its options are opened, a line in
//! the list, and a feature.

#[cfg(feature = "dbm")]
mod dbm;
#[cfg(feature = "mem")]
mod mem;
#[cfg(feature = "pgsql")]
mod pgsql;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::path::Path;
use std::pin::Pin;

use persist_core::{Durability, Persist, Result};
use serde::de::DeserializeOwned;

use crate::fault::{Fault, alternatives};
use crate::node::Node;
use crate::reader::{self, Lookup};

/// The backends of this version. A section of any of them may stand in a file, whatever is
/// compiled in.
static BACKENDS: [Backend; 4] = [
    Backend {
        name: "mem",
        #[cfg(feature = "mem")]
        engine: Some(Engine::of::<persist_mem::Options>()),
        #[cfg(not(feature = "mem"))]
        engine: None,
    },
    Backend {
        name: "sqlite",
        #[cfg(feature = "sqlite")]
        engine: Some(Engine::of::<persist_sqlite::Options>()),
        #[cfg(not(feature = "sqlite"))]
        engine: None,
    },
    Backend {
        name: "dbm",
        #[cfg(feature = "dbm")]
        engine: Some(Engine::of::<persist_dbm::Options>()),
        #[cfg(not(feature = "dbm"))]
        engine: None,
    },
    Backend {
        name: "pgsql",
        #[cfg(feature = "pgsql")]
        engine: Some(Engine::of::<persist_pgsql::Options>()),
        #[cfg(not(feature = "pgsql"))]
        engine: None,
    },
];

/// Names that later versions give to their backends.
const PLANNED: [&str; 1] = ["redis"];

/// A store that is being opened.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<Persist>> + Send>>;

/// A backend that this version knows.
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    /// What the feature of the same name brings.
    engine: Option<Engine>,
}

/// What is done with a backend's section.
pub(crate) struct Engine {
    pub(crate) check: fn(&Node) -> Result<(), Fault>,
    pub(crate) open: fn(&Node, &Path, Option<Durability>) -> Result<Opening, Fault>,
    /// The least that its section must say; empty if it can be left out.
    pub(crate) example: &'static str,
}

/// What the options of a backend are to this crate.
///
/// Their `Deserialize` refuses unknown fields, and its errors show no text of a setting.
trait Settings: DeserializeOwned {
    /// See [`Engine::example`].
    const EXAMPLE: &'static str;

    /// Opens the store. A durability of these options goes before the given one.
    fn open(self, dir: &Path, durability: Option<Durability>) -> Opening;
}

impl Engine {
    #[cfg_attr(
        not(any(feature = "dbm", feature = "mem", feature = "pgsql", feature = "sqlite")),
        expect(dead_code)
    )]
    const fn of<S: Settings>() -> Self {
        Self {
            check: reader::check::<S>,
            open: |section, dir, durability| {
                let settings: S = reader::read(section, Lookup::Now(dir))?;
                Ok(settings.open(dir, durability))
            },
            example: S::EXAMPLE,
        }
    }
}

impl Backend {
    /// The backend that a setting names. The name is shown only if it stands in the file.
    pub(crate) fn find(name: &str, shown: bool) -> Result<&'static Self, Fault> {
        if let Some(backend) = BACKENDS.iter().find(|backend| backend.name == name) {
            return Ok(backend);
        }
        if PLANNED.contains(&name) {
            let known = alternatives(&names());
            let what = format!("the backend {name:?} is not in this version; expected {known}");
            return Err(Fault::new(what));
        }
        Err(Fault::unknown("backend", name, shown, &names()))
    }

    /// What its feature brings.
    pub(crate) fn engine(&self) -> Result<&Engine, Fault> {
        self.engine.as_ref().ok_or_else(|| {
            let name = self.name;
            Fault::new(format!(
                "the backend {name:?} is not compiled in; \
                 turn on the feature {name:?} of persist-config"
            ))
        })
    }
}

/// The names of the backends of this version.
pub(crate) fn names() -> Vec<&'static str> {
    BACKENDS.iter().map(|backend| backend.name).collect()
}

/// Checks the section of a backend, as far as it is compiled in; `None` for a section of another
/// name.
pub(crate) fn check(name: &str, section: &Node) -> Option<Result<(), Fault>> {
    let engine = match BACKENDS.iter().find(|backend| backend.name == name) {
        Some(backend) => backend.engine.as_ref(),
        None if PLANNED.contains(&name) => None,
        None => return None,
    };
    Some(engine.map_or(Ok(()), |engine| (engine.check)(section)))
}
