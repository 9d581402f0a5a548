//! Where hierarchical keys can be, by name. A new place is a file here that says how its options
//! are opened, and a line in the list.

#[cfg(feature = "fs")]
mod fs;
mod table;

use std::path::Path;
use std::pin::Pin;

use persist_core::kv::{Kv, TableOptions};
use persist_core::{Durability, Result};
use serde::de::DeserializeOwned;

use crate::backends::Opening;
use crate::fault::Fault;
use crate::node::{Node, Value};
use crate::reader::{self, Lookup};
use crate::section;

/// The places of this version. What is not compiled in has no engine.
static PLACES: [Place; 2] = [
    Place { name: "table", engine: Some(Engine::of::<TableOptions>()) },
    Place {
        name: "fs",
        #[cfg(feature = "fs")]
        engine: Some(Engine::of::<persist_fs::Options>()),
        #[cfg(not(feature = "fs"))]
        engine: None,
    },
];

/// The keys of a place that stands on a store, and on which one if none is named.
const DEFAULT: &str = "table";

/// Hierarchical keys that are being opened.
pub(crate) type KvOpening = Pin<Box<dyn Future<Output = Result<Kv>> + Send>>;

struct Place {
    name: &'static str,
    /// What its feature brings.
    engine: Option<Engine>,
}

struct Engine {
    check: fn(&Node) -> Result<(), Fault>,
    open: fn(&Node, &Ground<'_>) -> Result<KvOpening, Fault>,
}

/// What the options of a place are to this crate.
///
/// Their `Deserialize` refuses unknown fields, and its errors show no text of a setting.
trait KvSettings: DeserializeOwned {
    fn open(self, ground: &Ground<'_>) -> Result<KvOpening, Fault>;
}

/// What a place may be built on.
struct Ground<'g> {
    section: &'g Node,
    name: &'g str,
    dir: &'g Path,
}

impl Ground<'_> {
    /// The store that the section describes.
    fn store(&self) -> Result<Opening, Fault> {
        section::open(self.section, self.name, self.dir)
    }

    /// The durability that holds where the place says nothing.
    #[cfg_attr(not(feature = "fs"), expect(dead_code))]
    fn durability(&self) -> Result<Option<Durability>, Fault> {
        section::durability(self.section, Lookup::Now(self.dir))
    }
}

impl Engine {
    const fn of<S: KvSettings>() -> Self {
        Self {
            check: reader::check::<S>,
            open: |settings, ground| {
                let settings: S = reader::read(settings, Lookup::Now(ground.dir))
                    .map_err(|fault| fault.within("kv"))?;
                settings.open(ground)
            },
        }
    }
}

/// Checks the part `kv` of a section, as far as its place is compiled in.
pub(crate) fn check(part: &Node) -> Result<(), Fault> {
    if !part.is_table() {
        return Err(Fault::mistyped("a section", part.type_name()).at(part.place));
    }
    match chosen(part, Lookup::Later) {
        Ok(engine) => (engine.check)(&settings(part)),
        Err(fault) if fault.is_pending() => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Whether the hierarchical keys of a section, as far as it says, are in a store.
pub(crate) fn needs_store(section: &Node) -> bool {
    let place = section.get("kv").and_then(|part| part.get("backend"));
    place.is_none_or(|place| matches!(&place.value, Value::String(name) if name == DEFAULT))
}

/// Opens the hierarchical keys of a section.
pub(crate) fn open(section: &Node, name: &str, dir: &Path) -> Result<KvOpening, Fault> {
    let empty = Node::empty();
    let part = section.get("kv").unwrap_or(&empty);
    let engine = chosen(part, Lookup::Now(dir)).map_err(|fault| fault.within("kv"))?;
    (engine.open)(&settings(part), &Ground { section, name, dir })
}

fn chosen(part: &Node, lookup: Lookup<'_>) -> Result<&'static Engine, Fault> {
    let Some(node) = part.get("backend") else { return find(DEFAULT, true) };
    let found = reader::read::<String>(node, lookup).and_then(|name| find(&name, node.is_string()));
    found.map_err(|fault| fault.within("backend").at(node.place))
}

/// The place that a setting names. The name is shown only if it stands in the file.
fn find(name: &str, shown: bool) -> Result<&'static Engine, Fault> {
    let names: Vec<_> = PLACES.iter().map(|place| place.name).collect();
    let Some(place) = PLACES.iter().find(|place| place.name == name) else {
        return Err(Fault::unknown("backend", name, shown, &names));
    };
    place.engine.as_ref().ok_or_else(|| {
        Fault::new(format!(
            "the backend {name:?} is not compiled in; \
             turn on the feature {name:?} of persist-config"
        ))
    })
}

/// The part without the key that chooses the place.
fn settings(part: &Node) -> Node {
    let entries = part.entries().iter().filter(|entry| entry.key != "backend");
    Node { place: part.place, value: Value::Table(entries.cloned().collect()) }
}
