//! The locks that make commits serializable, and tell whether anybody listens.
//!
//! Rows that are there are locked as rows. Rows that are not there cannot be, so each table has a
//! gate, an advisory lock: every commit passes it shared, and one that needs an absence or a whole
//! range to stay as it is passes it exclusively. Gates are passed in the order of their numbers,
//! before any row is touched; what is judged is read by a statement that begins after that.

use std::collections::BTreeMap;

/// Held shared by every session that listens.
const LISTENERS: i32 = -1;
/// Passed shared by every commit before it looks whether anybody listens; passed exclusively by
/// who has begun to listen, so that all commits that did not see it have ended by then.
const COMMITS: i32 = -2;
/// Held by who makes or drops tables.
const TABLES: i32 = -3;

/// The gates of a store. Their first number is that of the store's registry, which no other
/// object of the database has.
#[derive(Debug, Clone)]
pub(crate) struct Gates {
    store: i32,
    channel: String,
}

impl Gates {
    /// The gates of the store whose registry has this object identifier.
    pub(crate) fn new(registry: u32) -> Self {
        Self { store: registry.cast_signed(), channel: format!("persist_{registry}") }
    }

    /// The gate of one table, as a query.
    pub(crate) fn shared_cte(&self, id: i32) -> String {
        let store = self.store;
        format!(
            "SELECT pg_advisory_xact_lock_shared({store}, {COMMITS}), \
             pg_advisory_xact_lock_shared({store}, {id})"
        )
    }

    /// Passes the gates of tables, exclusively where it says so. One statement each, because
    /// within one the order is not promised.
    pub(crate) fn pass(&self, gates: &BTreeMap<i32, bool>) -> String {
        let store = self.store;
        let mut passed = vec![format!("SELECT pg_advisory_xact_lock_shared({store}, {COMMITS})")];
        passed.extend(gates.iter().map(|(id, exclusively)| {
            let how = if *exclusively { "" } else { "_shared" };
            format!("SELECT pg_advisory_xact_lock{how}({store}, {id})")
        }));
        passed.join("; ")
    }

    /// An expression that tells listeners what the parameter says, when the transaction commits.
    pub(crate) fn notice(&self, parameter: &str) -> String {
        format!("pg_notify('{}', {parameter})", self.channel)
    }

    /// An expression that is true if somebody listens. It is true as well while another commit
    /// looks at the same time, which does no harm.
    pub(crate) fn somebody_listens(&self) -> String {
        let store = self.store;
        format!(
            "CASE WHEN pg_try_advisory_lock({store}, {LISTENERS}) \
             THEN NOT pg_advisory_unlock({store}, {LISTENERS}) ELSE true END"
        )
    }

    /// Makes the session a listener.
    pub(crate) fn listen(&self) -> String {
        let Self { store, channel } = self;
        format!("SELECT pg_advisory_lock_shared({store}, {LISTENERS}); LISTEN \"{channel}\"")
    }

    /// Waits, in a transaction of its own, for the commits that began before somebody listened.
    pub(crate) fn earlier_commits(&self) -> String {
        format!("SELECT pg_advisory_xact_lock({}, {COMMITS})", self.store)
    }

    /// Keeps others from making or dropping tables until the transaction ends.
    pub(crate) fn tables(&self) -> String {
        format!("SELECT pg_advisory_xact_lock({}, {TABLES})", self.store)
    }

    /// Waits until nobody commits to a table, and keeps it so.
    pub(crate) fn exclusive(&self, id: i32) -> String {
        format!("SELECT pg_advisory_xact_lock({}, {id})", self.store)
    }
}
