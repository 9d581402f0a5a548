//! What is told to the listeners of other programs, small enough for `NOTIFY`.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use persist_core::backend::{Batch, Cell, Hint, Op, TableHandle, Write};

use crate::ocsipersist::FIRST_ADOPTED;

/// The most keys, and bytes of keys, that a notice names; past that it names the table.
const MOST_KEYS: usize = 16;
const MOST_BYTES: usize = 1000;

/// The most tables, and bytes of their names; past that it says "everything".
const MOST_TABLES: usize = 16;
const MOST_NAMES: usize = 1000;

/// What a notice says when it cannot say more.
const EVERYTHING: &str = "*";

/// Makes the notices of one store, and recognises them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notices {
    me: u64,
}

/// A table, with the keys that changed or `None` for any.
type Changed = (String, Option<Vec<Cell>>);

impl Notices {
    pub(crate) fn new() -> Self {
        Self { me: RandomState::new().hash_one("persist-pgsql") }
    }

    /// The notice that keys of one table have changed.
    pub(crate) fn of_keys<'k>(
        self,
        table: &TableHandle,
        keys: impl Iterator<Item = &'k Cell>,
    ) -> String {
        let mut changes = Gathered::default();
        keys.for_each(|key| changes.key(table, key));
        self.of(changes)
    }

    /// The notice of a dropped table.
    pub(crate) fn of_table(self, table: &str) -> String {
        let mut changes = Gathered::default();
        changes.table(table);
        self.of(changes)
    }

    /// The notice of what batches have written, if they have written anything.
    pub(crate) fn of_batches<'b>(self, batches: impl Iterator<Item = &'b Batch>) -> Option<String> {
        let mut changes = Gathered::default();
        for op in batches.flat_map(|batch| &batch.ops) {
            match op {
                Op::Key { write: Write::Nothing, .. } | Op::Unchanged(_) => {}
                Op::Key { table, key, .. } => changes.key(table, key),
                Op::DeleteRange { table, .. } => changes.table(table.name()),
            }
        }
        (!changes.tables.is_empty()).then(|| self.of(changes))
    }

    /// The hints of a notice that another store has sent.
    pub(crate) fn read(self, notice: &str) -> Vec<Hint> {
        let Some((from, what)) = notice.split_once(':') else { return vec![Hint::Everything] };
        if from == self.name() {
            return Vec::new();
        }
        let Some(changed) = decode(what) else { return vec![Hint::Everything] };
        let hint = |(table, keys): Changed| match keys {
            Some(keys) => Hint::Keys { table: table.into(), keys: Arc::from(keys) },
            None => Hint::Table(table.into()),
        };
        changed.into_iter().map(hint).collect()
    }

    fn of(self, gathered: Gathered) -> String {
        let changed: Vec<Changed> = gathered.tables;
        let names: usize = changed.iter().map(|(name, _)| name.len()).sum();
        let name = self.name();
        if changed.len() > MOST_TABLES || names > MOST_NAMES {
            return format!("{name}:{EVERYTHING}");
        }
        let Ok(bytes) = postcard::to_stdvec(&changed) else {
            return format!("{name}:{EVERYTHING}");
        };
        let mut notice = format!("{name}:");
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(notice, "{byte:02x}");
        }
        notice
    }

    fn name(self) -> String {
        format!("{:016x}", self.me)
    }
}

/// Changes on the way to a notice.
#[derive(Default)]
struct Gathered {
    tables: Vec<Changed>,
    keys: usize,
    bytes: usize,
}

impl Gathered {
    fn key(&mut self, table: &TableHandle, key: &Cell) {
        self.keys += 1;
        self.bytes += key.len();
        // Others may have opened an adopted table under other columns, with other cells.
        let adopted = table.id() >= FIRST_ADOPTED;
        if self.keys > MOST_KEYS || self.bytes > MOST_BYTES || adopted {
            return self.table(table.name());
        }
        if let Some(keys) = self.of(table.name()) {
            keys.push(key.clone());
        }
    }

    fn table(&mut self, table: &str) {
        self.of(table);
        if let Some((_, keys)) = self.tables.iter_mut().find(|(name, _)| name == table) {
            *keys = None;
        }
    }

    /// The keys of a table that have changed, unless any may have.
    fn of(&mut self, table: &str) -> Option<&mut Vec<Cell>> {
        let at = self.tables.iter().position(|(name, _)| name == table).unwrap_or_else(|| {
            self.tables.push((table.to_owned(), Some(Vec::new())));
            self.tables.len() - 1
        });
        self.tables.get_mut(at)?.1.as_mut()
    }
}

fn decode(text: &str) -> Option<Vec<Changed>> {
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    postcard::from_bytes(&bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use persist_core::backend::{CellType, ColumnSpec, TableSpec};

    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    fn table(name: &str) -> TableHandle {
        let column = || ColumnSpec { cell: CellType::Text, codec: String::new() };
        TableHandle::new(1, TableSpec::new(name, column(), column()), ())
    }

    #[test]
    fn others_are_told_and_oneself_is_not() {
        let (one, other) = (Notices::new(), Notices { me: 7 });
        let notice =
            one.of_keys(&table("My \"table\""), [text("a'b"), Cell::Bytes(vec![0, 255])].iter());
        assert!(notice.chars().all(|c| c.is_ascii_hexdigit() || c == ':'));
        assert_eq!(one.read(&notice), []);
        let keys = Arc::from([text("a'b"), Cell::Bytes(vec![0, 255])]);
        assert_eq!(other.read(&notice), [Hint::Keys { table: "My \"table\"".into(), keys }]);
    }

    #[test]
    fn notices_stay_small_and_miss_nothing() {
        let (one, other) = (Notices::new(), Notices { me: 7 });
        let keys: Vec<Cell> = (0..1000).map(|n| text(&format!("{n:02000}"))).collect();
        let notice = one.of_keys(&table("t"), keys.iter());
        assert!(notice.len() < 4000);
        assert_eq!(other.read(&notice), [Hint::Table("t".into())]);
        assert_eq!(other.read("from another version"), [Hint::Everything]);
        assert_eq!(other.read("0:zz"), [Hint::Everything]);
        assert_eq!(other.read("0:*"), [Hint::Everything]);
    }
}
