//! The entries of a table, one after the other.

use std::slice::Iter;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess};

use super::{Lookup, Reader};
use crate::fault::Fault;
use crate::node::Entry;

/// Names the key in every fault that comes from it or from its value.
pub(super) struct Access<'a> {
    entries: Iter<'a, Entry>,
    current: Option<&'a Entry>,
    lookup: Lookup<'a>,
}

impl<'a> Access<'a> {
    pub(super) fn new(entries: &'a [Entry], lookup: Lookup<'a>) -> Self {
        Self { entries: entries.iter(), current: None, lookup }
    }
}

impl<'de> MapAccess<'de> for Access<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.current = self.entries.next();
        let Some(entry) = self.current else { return Ok(None) };
        let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|fault| fault.within(&entry.key).at(entry.place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(entry) = self.current.take() else {
            return Err(Fault::new("a value was asked for before its key"));
        };
        let reader = Reader { node: &entry.node, lookup: self.lookup };
        seed.deserialize(reader).map_err(|fault| fault.within(&entry.key).at(entry.node.place))
    }
}
