//! Options from a tree: the deserializer whose errors know their place, and that follows
//! `{ env = ".." }` and `{ file = ".." }` where a string is wanted.

mod indirect;
mod table;

use std::path::Path;

use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::fault::{Fault, alternatives, nearest};
use crate::node::{Entry, Node, Value};

/// What is to be done with a setting that stands elsewhere.
#[derive(Clone, Copy)]
pub(crate) enum Lookup<'a> {
    /// Leave it: the fault is then [`Fault::pending`].
    Later,
    /// Look it up, in the environment or in a file relative to this directory.
    Now(&'a Path),
}

/// Reads a value, and what it refers to.
pub(crate) fn read<T: DeserializeOwned>(node: &Node, lookup: Lookup<'_>) -> Result<T, Fault> {
    T::deserialize(Reader { node, lookup }).map_err(|fault| fault.at(node.place))
}

/// Checks the spelling and the types of a value, without looking up what it refers to.
pub(crate) fn check<T: DeserializeOwned>(node: &Node) -> Result<(), Fault> {
    let (pending, known): (Vec<&Entry>, Vec<&Entry>) =
        node.entries().iter().partition(|entry| entry.node.indirection().is_some());
    if pending.is_empty() {
        return settled(read::<T>(node, Lookup::Later));
    }
    // Reading ends at the first pending entry, so each gets a turn, after all that is known.
    pending.into_iter().try_for_each(|last| {
        let entries = known.iter().copied().chain([last]).cloned().collect();
        let trial = Node { place: node.place, value: Value::Table(entries) };
        settled(read::<T>(&trial, Lookup::Later))
    })
}

fn settled<T>(outcome: Result<T, Fault>) -> Result<(), Fault> {
    match outcome {
        Err(fault) if !fault.is_pending() => Err(fault),
        _ => Ok(()),
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    node: &'a Node,
    lookup: Lookup<'a>,
}

impl<'a> Reader<'a> {
    /// Gives the visitor the text that this string, or this indirection, stands for.
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match (&self.node.value, self.node.indirection(), self.lookup) {
            (Value::String(text), ..) => visitor.visit_str(text),
            (_, Some(indirection), Lookup::Now(dir)) => {
                visitor.visit_string(indirect::resolve(indirection, dir)?)
            }
            // Whatever the text will be, it is one: a visitor that wants none can say so now.
            (_, Some(_), Lookup::Later) => match visitor.visit_str::<Fault>("") {
                Err(fault) if fault.is_mistyped() => Err(fault),
                _ => Err(Fault::pending()),
            },
            (Value::Table(_), ..) => {
                let expected = Fault::invalid_type(Unexpected::Map, &visitor);
                Err(expected.with_hint("a string may be given as { env = \"NAME\" } or { file = \"PATH\" }"))
            }
            _ => self.plain(visitor),
        }
    }

    fn plain<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::String(text) => visitor.visit_str(text),
            Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (_, Ok(number)) => visitor.visit_u64(number),
                _ => Err(Fault::new("the number is too large")),
            },
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Datetime => {
                Err(Fault::invalid_type(Unexpected::Other("a date or time"), &visitor))
            }
            Value::Array(nodes) => {
                let readers = nodes.iter().map(|node| Reader { node, ..self });
                visitor.visit_seq(SeqDeserializer::new(readers))
            }
            Value::Table(entries) => visitor.visit_map(table::Access::new(entries, self.lookup)),
        }
    }
}
