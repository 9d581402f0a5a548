//! A table's statements.

use std::fmt::Write as _;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use persist_core::Result;
use persist_core::backend::limits::BYTE_BUDGET;
use persist_core::backend::{Cell, CellType, Direction, KeyRange, TableHandle, TableSpec};

use crate::cells::Form;
use crate::connection::{Connection, Query};
use crate::gaps::Gaps;
use crate::gates::Gates;
use crate::packed;

/// With a smaller share of an answer, it would too often turn out that a value is longer.
const LEAST_SHARE: usize = 1024;

/// Pages of fewer rows cost more than to add up the sizes in larger ones.
const FEWEST_ROWS: usize = 64;

/// What a [`TableHandle`] of this backend holds.
#[derive(Debug)]
pub(crate) struct PgTable {
    /// The number of the table, which its gate has too.
    pub(crate) id: i32,
    /// Its name in PostgreSQL, quoted, with its schema.
    name: String,
    pub(crate) key: Form,
    pub(crate) value: Form,
    /// One value, by its key.
    pub(crate) get: Arc<str>,
    /// Values by an array of keys, with their positions in it, up to a number of bytes.
    pub(crate) get_all: Arc<str>,
    /// The same without positions, where keys can be told apart by what they are.
    pub(crate) get_short: Option<GetShort>,
    /// The largest share of an answer that some value was met to have more than; 0 if none was.
    exceeded: AtomicUsize,
    pub(crate) gaps: Gaps,
    /// Locks the rows of an array of keys, in the order of keys, and returns those that an array
    /// of flags says, up to a number of bytes of values.
    pub(crate) lock: Arc<str>,
    /// Binds an array of keys to an array of values.
    pub(crate) put: Arc<str>,
    /// Unbinds an array of keys.
    pub(crate) delete: Arc<str>,
    pub(crate) alone: Alone,
}

/// Values by an array of keys, in the order of keys, NULL for one that has more than a number of
/// bytes. Half the work for the server, but it cannot add up.
#[derive(Debug)]
pub(crate) struct GetShort {
    pub(crate) values: Arc<str>,
    /// The keys too, which tell those apart that are bound.
    pub(crate) rows: Arc<str>,
}

/// Statements that are a transaction each: the gate, one change, and the notice of it. They return
/// how many rows were changed.
#[derive(Debug)]
pub(crate) struct Alone {
    /// Binds an array of keys to an array of values.
    pub(crate) put_all: Arc<str>,
    pub(crate) put: Arc<str>,
    pub(crate) put_if_absent: Arc<str>,
    pub(crate) put_if_present: Arc<str>,
    pub(crate) put_if_equal: Arc<str>,
    pub(crate) delete: Arc<str>,
    pub(crate) delete_if_equal: Arc<str>,
}

impl PgTable {
    /// A table in columns of these forms.
    pub(crate) fn new(gates: &Gates, id: i32, name: String, [key, value]: [Form; 2]) -> Self {
        let (k, v) = (key.declared(), value.declared());
        let size = value.size_of("t.value");
        let (stored, one) = (key.compared("t.key"), key.compared("$1"));
        let asked = key.compared("w.key");
        let alone = Alone::new(gates, id, &name, [key, value]);
        Self {
            get: format!("SELECT t.value FROM {name} t WHERE {stored} = {one}").into(),
            get_all: format!(
                "SELECT n, CASE WHEN kept THEN value END, kept FROM ( \
                   SELECT w.n, t.value, \
                     sum({size}) OVER (ORDER BY w.n) <= $2 \
                       OR row_number() OVER (ORDER BY w.n) = 1 AS kept \
                   FROM unnest($1::{k}[]) WITH ORDINALITY AS w(key, n) \
                   JOIN {name} t ON {stored} = {asked}) AS found",
            )
            .into(),
            get_short: (stored == "t.key").then(|| GetShort::new(&name, [key, value])),
            exceeded: AtomicUsize::new(0),
            gaps: Gaps::default(),
            lock: format!(
                "WITH t AS MATERIALIZED ( \
                   SELECT t.key, t.value, w.read FROM unnest($1::{k}[], $2::bool[]) AS w(key, read) \
                   JOIN {name} t ON {stored} = {asked} ORDER BY {stored} FOR UPDATE OF t) \
                 SELECT key, CASE WHEN kept THEN value END, kept FROM ( \
                   SELECT key, value, \
                     sum({size}) OVER (ORDER BY key) <= $3 AS kept FROM t WHERE read) AS found",
            )
            .into(),
            put: format!(
                "INSERT INTO {name} AS t (key, value) SELECT * FROM unnest($1::{k}[], $2::{v}[]) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )
            .into(),
            delete: format!(
                "DELETE FROM {name} AS t USING unnest($1::{k}[]) AS w(key) WHERE {stored} = {asked}"
            )
            .into(),
            alone,
            id,
            name,
            key,
            value,
        }
    }

    /// What a handle of this backend holds.
    pub(crate) fn of(table: &TableHandle) -> Result<&Self> {
        table.private()
    }

    /// The most bytes that each of so many values may have if they are to be read without adding
    /// their sizes up; `None` if that had better be done.
    pub(crate) fn share(&self, values: usize) -> Option<usize> {
        let share = BYTE_BUDGET.checked_div(values)?;
        let exceeded = self.exceeded.load(Ordering::Relaxed);
        (share >= LEAST_SHARE && share > exceeded).then_some(share)
    }

    /// How many rows, `limit` at most, are to be read so, in one page; fewer for longer values.
    pub(crate) fn short_rows(&self, limit: usize) -> Option<usize> {
        let share = LEAST_SHARE.max(2 * self.exceeded.load(Ordering::Relaxed));
        let rows = limit.min(BYTE_BUDGET / share);
        (rows == limit || rows >= FEWEST_ROWS).then_some(rows)
    }

    /// Says that a value was met that has more than its share.
    pub(crate) fn note_long(&self, share: usize) {
        self.exceeded.fetch_max(share, Ordering::Relaxed);
    }

    /// A page of a range: keys, values, and whether the value is there. The last row may be one
    /// whose value was too much.
    pub(crate) fn page<'q>(
        &self,
        connection: &Connection,
        range: &KeyRange,
        direction: Direction,
        limit: i64,
        budget: i64,
    ) -> Query<'q> {
        let order = order(direction);
        let size = self.row_size();
        let (condition, cells) = condition(self.key, range, 3);
        let (name, place) = (&self.name, self.key.compared("key"));
        let sql = format!(
            "SELECT key, CASE WHEN kept THEN value END, kept FROM ( \
               SELECT key, value, place, \
                 bytes <= $1 OR n = 1 AS kept, bytes - size <= $1 OR n = 2 AS shown FROM ( \
                 SELECT key, value, place, size, sum(size) OVER w AS bytes, row_number() OVER w AS n \
                 FROM (SELECT key, value, {place} AS place, {size} AS size FROM {name}{condition} \
                       ORDER BY {place} {order} LIMIT $2) AS rows \
                 WINDOW w AS (ORDER BY place {order} ROWS UNBOUNDED PRECEDING)) AS sums) AS cut \
             WHERE shown ORDER BY place {order}",
        );
        let query = connection.query(&sql.into()).bind(budget).bind(limit);
        cells.into_iter().fold(query, |query, cell| self.key.bind(query, cell))
    }

    /// A page in one column; the value is missing of a row that has more than `share` bytes. It
    /// costs the server less, but it cannot add up.
    pub(crate) fn short_page<'q>(
        &self,
        connection: &Connection,
        range: &KeyRange,
        direction: Direction,
        limit: i64,
        share: i64,
    ) -> Query<'q> {
        let (condition, cells) = condition(self.key, range, 3);
        let (name, place) = (&self.name, self.key.compared("key"));
        let (size, order) = (self.row_size(), order(direction));
        let rows = format!("FROM {name} t{condition} ORDER BY {place} {order} LIMIT $2");
        let sql = packed::select([self.key, self.value], &format!("{size} <= $1"), &rows);
        let query = connection.query(&sql.into()).bind(share).bind(limit);
        cells.into_iter().fold(query, |query, cell| self.key.bind(query, cell))
    }

    pub(crate) fn count<'q>(&self, connection: &Connection, range: &KeyRange) -> Query<'q> {
        if range.is_all() {
            // Plans that read a table from end to end are forbidden to all but a sample, even if
            // that is all of it. Here nothing else is as quick.
            let sql = format!("SELECT count(*) FROM {} TABLESAMPLE SYSTEM (100)", self.name);
            return connection.query(&sql.into());
        }
        self.over(connection, "SELECT count(*)", range)
    }

    pub(crate) fn delete_range<'q>(&self, connection: &Connection, range: &KeyRange) -> Query<'q> {
        self.over(connection, "DELETE", range)
    }

    /// How many bytes of a page a row takes.
    fn row_size(&self) -> String {
        format!("{} + {}", self.key.size_of("key"), self.value.size_of("value"))
    }

    fn over<'q>(&self, connection: &Connection, what: &str, range: &KeyRange) -> Query<'q> {
        let (condition, cells) = condition(self.key, range, 1);
        let sql = format!("{what} FROM {}{condition}", self.name);
        let query = connection.query(&sql.into());
        cells.into_iter().fold(query, |query, cell| self.key.bind(query, cell))
    }
}

impl GetShort {
    fn new(name: &str, [key, value]: [Form; 2]) -> Self {
        let (k, size) = (key.declared(), value.size_of("t.value"));
        // The order of the column, if it is one of ours. Nobody may read somebody else's value.
        let collate = if k == "text" { "COLLATE \"C\"" } else { "" };
        let get = |key: &str| -> Arc<str> {
            format!(
                "SELECT CASE WHEN {size} <= $2 THEN t.value END{key} FROM {name} t \
                 WHERE t.key = ANY($1::{k}[]) ORDER BY t.key {collate}"
            )
            .into()
        };
        Self { values: get(""), rows: get(", t.key") }
    }
}

impl Alone {
    fn new(gates: &Gates, id: i32, name: &str, [key, value]: [Form; 2]) -> Self {
        let (k, v) = (key.declared(), value.declared());
        let alone = |change: String, notice: u32| -> Arc<str> {
            let (gate, told) = (gates.shared_cte(id), gates.notice(&format!("${notice}")));
            format!(
                "WITH gate AS MATERIALIZED ({gate}), done AS ({change} RETURNING 1) \
                 SELECT (SELECT count(*) FROM done), \
                   (SELECT count({told}) FROM gate \
                    WHERE EXISTS (SELECT FROM done) AND {})",
                gates.somebody_listens(),
            )
            .into()
        };
        let insert = format!("INSERT INTO {name} AS t (key, value)");
        let this = format!("{} = {}", key.compared("t.key"), key.compared(&format!("$1::{k}")));
        let still = |parameter: &str| {
            let parameter = format!("{parameter}::{v}");
            format!("{} = {}", value.compared("t.value"), value.compared(&parameter))
        };
        let update = format!("UPDATE {name} AS t SET value = $2::{v} FROM gate WHERE {this}");
        let delete = format!("DELETE FROM {name} AS t USING gate WHERE {this}");
        let upsert = "ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        Self {
            put_all: alone(
                format!(
                    "{insert} SELECT w.key, w.value \
                     FROM gate, unnest($1::{k}[], $2::{v}[]) AS w(key, value) {upsert}"
                ),
                3,
            ),
            put: alone(format!("{insert} SELECT $1::{k}, $2::{v} FROM gate {upsert}"), 3),
            put_if_absent: alone(
                format!("{insert} SELECT $1::{k}, $2::{v} FROM gate ON CONFLICT (key) DO NOTHING"),
                3,
            ),
            put_if_present: alone(update.clone(), 3),
            put_if_equal: alone(format!("{update} AND {}", still("$4")), 3),
            delete: alone(delete.clone(), 2),
            delete_if_equal: alone(format!("{delete} AND {}", still("$3")), 2),
        }
    }
}

/// Makes a table.
pub(crate) fn create(schema: &str, physical: &str, spec: &TableSpec) -> String {
    let column = |cell: CellType| match cell {
        // The order of bytes, whatever the database's own is.
        CellType::Text => "text COLLATE \"C\"",
        other => Form::of(other).declared(),
    };
    format!(
        "CREATE TABLE {} (key {} PRIMARY KEY, value {} NOT NULL)",
        qualified(schema, physical),
        column(spec.key.cell),
        column(spec.value.cell),
    )
}

/// A name within a schema, quoted.
pub(crate) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn order(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "ASC",
        Direction::Backward => "DESC",
    }
}

/// The condition of a range, with its parameters from `$first` on.
fn condition(key: Form, range: &KeyRange, first: usize) -> (String, Vec<&Cell>) {
    let (mut text, mut cells) = (String::new(), Vec::new());
    let bounds = [(range.lower(), ">=", ">"), (range.upper(), "<=", "<")];
    for (bound, included, excluded) in bounds {
        let (operator, cell) = match bound {
            Bound::Included(cell) => (included, cell),
            Bound::Excluded(cell) => (excluded, cell),
            Bound::Unbounded => continue,
        };
        let begin = if cells.is_empty() { "WHERE" } else { "AND" };
        // Writing to a String cannot fail.
        let parameter = format!("${}", first + cells.len());
        let (stored, asked) = (key.compared("key"), key.compared(&parameter));
        let _ = write!(text, " {begin} {stored} {operator} {asked}");
        cells.push(cell);
    }
    (text, cells)
}
