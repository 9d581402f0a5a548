//! The part of a configuration that is ours, as a tree that knows where everything stood.

mod embedded;
mod parsed;

use crate::fault::Place;

pub(crate) use parsed::{Positions, parsed};

/// A value. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Node {
    /// Unknown if the tree did not come from TOML text.
    pub(crate) place: Option<Place>,
    pub(crate) value: Value,
}

#[derive(Clone)]
pub(crate) enum Value {
    String(String),
    /// As wide as it takes to hold what any format has.
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Datetime,
    Array(Vec<Node>),
    /// In the order of the file.
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Option<Place>,
    pub(crate) node: Node,
}

/// Where the text of a setting stands, if it does not stand in the configuration.
#[derive(Clone, Copy)]
pub(crate) enum Indirection<'a> {
    Env(&'a str),
    File(&'a str),
}

impl Node {
    /// A table without entries.
    pub(crate) fn empty() -> Self {
        Self { place: None, value: Value::Table(Vec::new()) }
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value, Value::Table(_))
    }

    pub(crate) fn is_string(&self) -> bool {
        matches!(self.value, Value::String(_))
    }

    /// The entries of a table; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// This value read as `{ env = ".." }` or `{ file = ".." }`. Whether it is meant so depends
    /// on what is wanted in its place: a section with one key `file` looks the same.
    pub(crate) fn indirection(&self) -> Option<Indirection<'_>> {
        match self.entries() {
            [Entry { key, node: Node { value: Value::String(name), .. }, .. }] => {
                match key.as_str() {
                    "env" => Some(Indirection::Env(name)),
                    "file" => Some(Indirection::File(name)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What it is called in messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.value {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Boolean(_) => "a boolean",
            Value::Datetime => "a date or time",
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
        }
    }
}
