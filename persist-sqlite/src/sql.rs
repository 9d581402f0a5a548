//! The statements of a table.

use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};

use persist_core::backend::{CellType, Direction, KeyRange, TableHandle, TableSpec};
use persist_core::{Error, ErrorKind, Result};
use rusqlite::{CachedStatement, Connection};

use crate::cells::{Form, Param};
use crate::views::Views;

/// A value longer than this is not read on the caller's thread: 64 KiB.
pub(crate) const SHORT: usize = 64 << 10;

/// What a handle carries: the table's statements, and what is known of it.
#[derive(Debug)]
pub(crate) struct SqlTable {
    /// The physical name, quoted.
    name: String,
    pub(crate) key: Form,
    pub(crate) value: Form,
    /// What keys are compared with where a range has no bound, below and above.
    fences: [Option<&'static str>; 2],
    /// `value`, or `NULL` in place of one that is not short; SQLite does not load it then.
    short_value: &'static str,
    get: String,
    get_short: String,
    pub(crate) put: String,
    pub(crate) delete: String,
    /// Of a table that was adopted.
    views: Option<Views>,
    /// Whether a value that is not short was seen in it.
    has_long: AtomicBool,
    dropped: AtomicBool,
}

impl SqlTable {
    /// The statements of a table of our own.
    pub(crate) fn new(physical: &str, spec: &TableSpec) -> Self {
        let name = quote(physical);
        let (key, value) = (Form::of(spec.key.cell), Form::of(spec.value.cell));
        let short_value = match value.stored() {
            CellType::Text | CellType::Bytes => {
                "CASE WHEN octet_length(value) <= 65536 THEN value END"
            }
            CellType::Integer | CellType::Real => "value",
        };
        Self {
            key,
            value,
            fences: [None; 2],
            get: format!("SELECT value FROM {name} WHERE key = ?1"),
            get_short: format!("SELECT {short_value} FROM {name} WHERE key = ?1"),
            // A tenth faster than an upsert, and the same thing in a table without rowids.
            put: format!("REPLACE INTO {name} (key, value) VALUES (?1, ?2)"),
            delete: format!("DELETE FROM {name} WHERE key = ?1"),
            views: None,
            has_long: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
            name,
            short_value,
        }
    }

    /// The statements of an adopted table. Its keys may be NULL or of a type that they should not
    /// be of; these lie outside the fences.
    pub(crate) fn adopted(
        physical: &str,
        spec: &TableSpec,
        [key, value]: [Form; 2],
        views: Views,
    ) -> Self {
        // SQLite orders NULL before numbers before texts before blobs.
        let fences = match key.stored() {
            CellType::Integer | CellType::Real => [Some(">= -9e999"), Some("< ''")],
            CellType::Text => [Some(">= ''"), Some("< x''")],
            CellType::Bytes => [Some(">= x''"), None],
        };
        let own = Self::new(physical, spec);
        // Leaves the row in its place.
        let put = format!(
            "INSERT INTO {} (key, value) VALUES (?1, ?2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            own.name
        );
        Self { key, value, fences, put, views: Some(views), ..own }
    }

    /// Which views of the table there are, if it was adopted.
    pub(crate) fn views(&self) -> Option<&Views> {
        self.views.as_ref()
    }

    /// The statements of a table that is still there.
    pub(crate) fn of(table: &TableHandle) -> Result<&Self> {
        let this: &Self = table.private()?;
        if this.dropped.load(Ordering::Acquire) {
            let why = "the table was dropped; open it again to make a new one";
            return Err(Error::new(ErrorKind::NotFound, why).table(table.name()));
        }
        Ok(this)
    }

    /// Takes note of a value's size.
    ///
    /// Asking for the size of every value before it is read costs a tenth of a get. So a table's
    /// first long value may be read on the caller's thread, if another process wrote it; from then
    /// on sizes are asked for.
    pub(crate) fn note(&self, bytes: usize) {
        if bytes > SHORT && !self.has_long() {
            self.has_long.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a value that is not short was seen.
    pub(crate) fn has_long(&self) -> bool {
        self.has_long.load(Ordering::Relaxed)
    }

    /// The statement that reads a value, or `NULL` in place of one that is not short if only short
    /// ones are wanted.
    pub(crate) fn get(&self, only_short: bool) -> &str {
        if self.asks_sizes(only_short) { &self.get_short } else { &self.get }
    }

    fn asks_sizes(&self, only_short: bool) -> bool {
        only_short && self.has_long()
    }

    /// Says that the table is gone.
    pub(crate) fn drop_it(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    pub(crate) fn scan<'r>(
        &self,
        range: &'r KeyRange,
        direction: Direction,
        limit: usize,
        only_short: bool,
    ) -> Query<'r> {
        let (condition, parameters) = self.condition(range);
        let value = if self.asks_sizes(only_short) { self.short_value } else { "value" };
        let order = match direction {
            Direction::Forward => "ASC",
            Direction::Backward => "DESC",
        };
        let name = &self.name;
        let text = format!(
            "SELECT key, {value} FROM {name}{condition} ORDER BY key {order} LIMIT ?{}",
            parameters.len() + 1
        );
        Query { text, parameters, limit: Some(limit) }
    }

    pub(crate) fn count<'r>(&self, range: &'r KeyRange) -> Query<'r> {
        let (condition, parameters) = self.condition(range);
        Query {
            text: format!("SELECT count(*) FROM {}{condition}", self.name),
            parameters,
            limit: None,
        }
    }

    pub(crate) fn delete_range<'r>(&self, range: &'r KeyRange) -> Query<'r> {
        let (condition, parameters) = self.condition(range);
        Query { text: format!("DELETE FROM {}{condition}", self.name), parameters, limit: None }
    }

    /// That a key lies in the range, and within the fences.
    fn condition<'r>(&self, range: &'r KeyRange) -> (String, Vec<Param<'r>>) {
        let [floor, ceiling] = self.fences;
        let mut text = String::new();
        let mut parameters = Vec::new();
        let ends = [(range.lower(), [">=", ">"], floor), (range.upper(), ["<=", "<"], ceiling)];
        for (bound, [included, excluded], fence) in ends {
            let and = if text.is_empty() { " WHERE key " } else { " AND key " };
            let mut add = |operator, cell| {
                parameters.push(self.key.param(cell));
                format!("{and}{operator} ?{}", parameters.len())
            };
            let limit = match bound {
                Bound::Included(cell) => Some(add(included, cell)),
                Bound::Excluded(cell) => Some(add(excluded, cell)),
                Bound::Unbounded => fence.map(|fence| format!("{and}{fence}")),
            };
            text.extend(limit);
        }
        (text, parameters)
    }
}

/// A statement with its parameters.
pub(crate) struct Query<'r> {
    text: String,
    parameters: Vec<Param<'r>>,
    limit: Option<usize>,
}

impl Query<'_> {
    /// The statement, prepared and bound.
    pub(crate) fn bind<'c>(
        &self,
        connection: &'c Connection,
    ) -> rusqlite::Result<CachedStatement<'c>> {
        let mut statement = connection.prepare_cached(&self.text)?;
        for (position, parameter) in self.parameters.iter().enumerate() {
            statement.raw_bind_parameter(position + 1, parameter)?;
        }
        if let Some(limit) = self.limit {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            statement.raw_bind_parameter(self.parameters.len() + 1, limit)?;
        }
        Ok(statement)
    }
}

/// The statement that makes a table. `STRICT` keeps the types of cells, and `WITHOUT ROWID` makes
/// the table its own index.
pub(crate) fn create(physical: &str, spec: &TableSpec) -> String {
    let (name, key, value) = (quote(physical), sql_type(spec.key.cell), sql_type(spec.value.cell));
    format!(
        "CREATE TABLE IF NOT EXISTS {name} (key {key} NOT NULL PRIMARY KEY, value {value} NOT NULL) STRICT, WITHOUT ROWID"
    )
}

/// The statement that drops a table.
pub(crate) fn drop_table(physical: &str) -> String {
    format!("DROP TABLE IF EXISTS {}", quote(physical))
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn sql_type(cell: CellType) -> &'static str {
    match cell {
        CellType::Text => "TEXT",
        CellType::Bytes => "BLOB",
        CellType::Integer => "INTEGER",
        CellType::Real => "REAL",
    }
}
