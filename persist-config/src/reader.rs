//! Options from a tree: the deserializer whose errors know their place, and that follows
//! `{ env = ".." }` and `{ file = ".." }` where a string is wanted.

mod indirect;
mod table;

use std::path::Path;

use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::fault::{Fault, alternatives};
use crate::node::{Entry, Node, Value};

const DATETIME: &str = "a date or time";
const INDIRECTIONS: &str =
    "text that stands elsewhere is { env = \"NAME\" } or { file = \"PATH\" }";

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

impl Reader<'_> {
    /// Shows the visitor the text that this string, or this indirection, stands for.
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match (self.node.indirection(), self.lookup) {
            (None, _) => self.plain(visitor),
            (Some(indirection), Lookup::Now(dir)) => {
                visitor.visit_string(indirect::resolve(indirection, dir)?)
            }
            // Whatever the text will be, it is one: a visitor that wants none can say so now.
            (Some(_), Lookup::Later) => match visitor.visit_str::<Fault>("") {
                Err(fault) if fault.is_mistyped() => Err(fault),
                _ => Err(Fault::pending()),
            },
        }
    }

    /// Shows the visitor what stands here.
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
            Value::Datetime => Err(Error::invalid_type(Unexpected::Other(DATETIME), &visitor)),
            Value::Array(nodes) => {
                let readers = nodes.iter().map(|node| Reader { node, ..self });
                visitor.visit_seq(SeqDeserializer::new(readers))
            }
            Value::Table(entries) => visitor.visit_map(table::Access::new(entries, self.lookup)),
        }
    }

    /// One of a list of words.
    fn word(self, words: &[&str]) -> Result<String, Fault> {
        let indirection = self.node.indirection();
        let word = match (&self.node.value, indirection, self.lookup) {
            (Value::String(word), ..) => word.clone(),
            (_, Some(indirection), Lookup::Now(dir)) => indirect::resolve(indirection, dir)?,
            (_, Some(_), Lookup::Later) => return Err(Fault::pending()),
            (_, None, _) => {
                return Err(Fault::mistyped(&alternatives(words), self.node.type_name()));
            }
        };
        if words.contains(&word.as_str()) {
            return Ok(word);
        }
        Err(Fault::unknown("value", &word, indirection.is_none(), words))
    }

    fn placed<T>(self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        outcome.map_err(|fault| fault.at(self.node.place))
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.placed(self.text(visitor))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let outcome = if self.node.is_table() && self.node.indirection().is_none() {
            let fault: Fault = Error::invalid_type(Unexpected::Map, &visitor);
            Err(fault.with_hint(INDIRECTIONS))
        } else {
            self.text(visitor)
        };
        self.placed(outcome)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.placed(self.plain(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let word = self.word(words);
        self.placed(word.and_then(|word| visitor.visit_enum(word.into_deserializer())))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Fault> for Reader<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
