//! The keys that every backend shares: the section as a whole.

use std::path::Path;

use persist_core::Durability;

use crate::backends::{self, Backend, Engine, Opening};
use crate::fault::{Fault, alternatives};
use crate::kv;
use crate::node::Node;
use crate::reader::{self, Lookup};

/// Checks all that stands in the section, and that it chooses a backend. What stands elsewhere is
/// not looked up. `name` is what the section is called, for examples.
pub(crate) fn check(section: &Node, name: &str) -> Result<(), Fault> {
    if !section.is_table() {
        return Err(Fault::mistyped("a section", section.type_name()).at(section.place));
    }
    for entry in section.entries() {
        let checked = match entry.key.as_str() {
            "backend" => reader::check::<String>(&entry.node),
            "durability" => reader::check::<Durability>(&entry.node),
            "kv" => kv::check(&entry.node),
            key => backends::check(key, &entry.node).unwrap_or_else(|| {
                let known = [vec!["backend", "durability", "kv"], backends::names()].concat();
                Err(Fault::unknown_key(key, &known))
            }),
        };
        checked.map_err(|fault| fault.within(&entry.key).at(entry.place))?;
    }
    // Hierarchical keys may stand on no backend.
    if section.get("backend").is_none() && !kv::needs_store(section) {
        return Ok(());
    }
    match chosen(section, name, Lookup::Later) {
        Err(fault) if !fault.is_pending() => Err(fault),
        _ => Ok(()),
    }
}

/// The name of the backend that the section chooses.
pub(crate) fn backend_name(
    section: &Node,
    name: &str,
    lookup: Lookup<'_>,
) -> Result<&'static str, Fault> {
    chosen(section, name, lookup).map(|(backend, _)| backend.name)
}

/// Opens what the section chooses, with what it refers to looked up; relative paths are relative
/// to `dir`.
pub(crate) fn open(section: &Node, name: &str, dir: &Path) -> Result<Opening, Fault> {
    let lookup = Lookup::Now(dir);
    let (backend, engine) = chosen(section, name, lookup)?;
    let durability = durability(section, lookup)?;
    let empty = Node::empty();
    let settings = section.get(backend.name).unwrap_or(&empty);
    (engine.open)(settings, dir, durability).map_err(|fault| fault.within(backend.name))
}

/// The durability that holds where a nearer section says nothing.
pub(crate) fn durability(section: &Node, lookup: Lookup<'_>) -> Result<Option<Durability>, Fault> {
    let read = |node| reader::read::<Durability>(node, lookup);
    let durability = section.get("durability").map(read).transpose();
    durability.map_err(|fault| fault.within("durability"))
}

fn chosen(
    section: &Node,
    name: &str,
    lookup: Lookup<'_>,
) -> Result<(&'static Backend, &'static Engine), Fault> {
    let Some(node) = section.get("backend") else {
        let known = alternatives(&backends::names());
        let what = format!("the key \"backend\" is missing; it is {known}");
        return Err(Fault::new(what).at(section.place));
    };
    let found = || {
        let backend = Backend::find(&reader::read::<String>(node, lookup)?, node.is_string())?;
        let engine = backend.engine()?;
        if section.get(backend.name).is_none() {
            may_be_left_out(backend, engine, name)?;
        }
        Ok((backend, engine))
    };
    found().map_err(|fault: Fault| fault.within("backend").at(node.place))
}

/// That all options of the backend have defaults.
fn may_be_left_out(backend: &Backend, engine: &Engine, name: &str) -> Result<(), Fault> {
    match (engine.check)(&Node::empty()) {
        Err(fault) if fault.is_missing() => {
            let (backend, example) = (backend.name, engine.example);
            let example = format!("\n\n[{name}.{backend}]\n{example}\n");
            Err(Fault::new(format!("{backend:?} needs its own section, such as{example}")))
        }
        _ => Ok(()),
    }
}
