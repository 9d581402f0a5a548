//! The handles that were given out.

use parking_lot::Mutex;
use persist_core::Result;
use persist_core::backend::{TableHandle, TableSpec};

use crate::catalog::Found;
use crate::ocsipersist::Adopted;
use crate::registry::Registered;
use crate::sql::SqlTable;
use crate::views::Views;

/// Adopted tables are numbered from here, which the registry's numbers do not reach.
const FIRST_ADOPTED: u64 = 1 << 63;

/// One handle for each table, or for each view of an adopted one.
#[derive(Debug, Default)]
pub(crate) struct Handles(Mutex<Given>);

#[derive(Debug, Default)]
struct Given {
    tables: Vec<TableHandle>,
    adopted: u64,
}

impl Handles {
    /// The handle to a table for who asks for it as `spec`, the same one for the same table.
    pub(crate) fn open(&self, found: &Found, spec: TableSpec) -> Result<TableHandle> {
        let mut given = self.0.lock();
        match found {
            Found::Registered(registered) => given.registered(registered, spec),
            Found::Adopted(adopted) => given.adopted(adopted, spec),
        }
    }

    /// The handles that were given out to tables of this name.
    pub(crate) fn named(&self, name: &str) -> Vec<TableHandle> {
        let given = self.0.lock();
        given.tables.iter().filter(|known| known.name() == name).cloned().collect()
    }

    /// Makes handles to a dropped table say so. Not by name: there may be a new table of that name.
    pub(crate) fn forget(&self, dropped: &[TableHandle]) {
        for table in dropped {
            if let Ok(sql) = table.private::<SqlTable>() {
                sql.drop_it();
            }
        }
        let is_dropped = |known: &TableHandle| dropped.iter().any(|gone| gone.id() == known.id());
        self.0.lock().tables.retain(|known| !is_dropped(known));
    }
}

impl Given {
    fn registered(&mut self, table: &Registered, spec: TableSpec) -> Result<TableHandle> {
        let handle = table.open(spec)?;
        if let Some(known) = self.tables.iter().find(|known| known.id() == handle.id()) {
            return Ok(known.clone());
        }
        self.tables.push(handle.clone());
        Ok(handle)
    }

    fn adopted(&mut self, table: &Adopted, spec: TableSpec) -> Result<TableHandle> {
        let forms = table.forms(&spec)?;
        let mut place = None;
        for known in self.tables.iter().filter(|known| known.name() == table.name()) {
            let Some(views) = known.private::<SqlTable>()?.views() else { continue };
            if (&known.spec().key, &known.spec().value) == (&spec.key, &spec.value) {
                return Ok(known.clone());
            }
            place = Some((known.id(), views.clone()));
        }
        let (id, views) = match place {
            Some((id, views)) => {
                views.add_another();
                (id, views)
            }
            None => (self.number(), Views::default()),
        };
        let sql = SqlTable::adopted(&table.physical(), &spec, forms, views);
        let handle = TableHandle::new(id, spec, sql);
        self.tables.push(handle.clone());
        Ok(handle)
    }

    /// A number that no table has had.
    fn number(&mut self) -> u64 {
        self.adopted += 1;
        FIRST_ADOPTED + self.adopted
    }
}
