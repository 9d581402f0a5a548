//! The tree from TOML text.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Entry, Node, Value};
use crate::fault::Place;

/// Turns offsets into lines and columns.
pub(crate) struct Positions<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Positions<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self { text, line_starts: std::iter::once(0).chain(newlines).collect() }
    }

    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= span.start).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..span.start).unwrap_or_default();
        Place { line, column: before.chars().count() + 1 }
    }
}

/// The tree of one value of a parsed document.
pub(crate) fn parsed(value: &Spanned<DeValue<'_>>, positions: &Positions<'_>) -> Node {
    let place = Some(positions.place(&value.span()));
    let value = match value.get_ref() {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Integer(number) => Value::Integer(integer(number)),
        // The parser has seen that it is one.
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(values) => {
            Value::Array(values.iter().map(|value| parsed(value, positions)).collect())
        }
        DeValue::Table(table) => Value::Table(entries(table, positions)),
    };
    Node { place, value }
}

fn entries(table: &DeTable<'_>, positions: &Positions<'_>) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<_>, _)| Entry {
        key: AsRef::<str>::as_ref(key.get_ref()).to_owned(),
        place: Some(positions.place(&key.span())),
        node: parsed(value, positions),
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.place);
    entries
}

/// A number that is too large for any setting stays too large.
fn integer(number: &DeInteger<'_>) -> i128 {
    i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nä = 2\n";
        let positions = Positions::new(text);
        assert_eq!(positions.place(&(0..1)), Place { line: 1, column: 1 });
        assert_eq!(positions.place(&(11..12)), Place { line: 2, column: 5 });
        assert_eq!(positions.place(&(13..13)), Place { line: 3, column: 1 });
        assert_eq!(positions.place(&(99..99)), Place { line: 3, column: 1 });
    }
}
