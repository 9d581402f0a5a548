//! From a file to the tree of one of its sections.

use std::io;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::fault::{Fault, nearest};
use crate::node::{Node, Positions, parsed};

/// The text of the file. The lines of a file that is not UTF-8 are counted up to where it ends
/// to be.
pub(crate) fn text(file: &Path) -> Result<String, Fault> {
    let bytes = std::fs::read(file).map_err(|error| {
        let mut what = why_unreadable(&error).to_owned();
        if let (true, Ok(dir)) = (file.is_relative(), std::env::current_dir()) {
            what = format!("{what} (the current directory is {})", dir.display());
        }
        Fault::new(what).caused_by(error)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let end = error.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(error.as_bytes().get(..end).unwrap_or_default());
        let place = Positions::new(&valid).place(&(end..end));
        Fault::new("not UTF-8, as TOML must be").at(Some(place))
    })
}

/// The section `name` of a TOML document.
pub(crate) fn section(text: &str, name: &str) -> Result<Node, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let positions = Positions::new(text);
    let document = DeTable::parse(text).map_err(|error| {
        // The error itself would show the line, with whatever secret is in it.
        let place = error.span().map(|span| positions.place(&span));
        Fault::new(format!("not TOML: {}", error.message())).at(place)
    })?;
    match document.get_ref().get(name) {
        Some(value) => Ok(parsed(value, &positions)),
        None => Err(missing(document.get_ref(), name, &positions)),
    }
}

fn missing(document: &DeTable<'_>, name: &str, positions: &Positions<'_>) -> Fault {
    let tables = document.iter().filter(|(_, value)| matches!(value.get_ref(), DeValue::Table(_)));
    let names: Vec<&str> = tables.map(|(key, _)| key.get_ref().as_ref()).collect();
    let fault = Fault::new(format!("there is no section [{name}]"));
    let Some(near) = nearest(name, &names) else {
        return fault.with_hint("write one, with backend = \"..\" in it");
    };
    let place = document.get_key_value(near).map(|(key, _)| positions.place(&key.span()));
    fault.with_hint(&format!("is [{near}] meant to be it?")).at(place)
}

/// Why a file could not be read, in words that do not repeat the system's.
pub(crate) fn why_unreadable(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "this user may not read it",
        io::ErrorKind::IsADirectory => "it is a directory",
        _ => "it cannot be read",
    }
}
