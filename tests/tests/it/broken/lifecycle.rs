//! Tables, hints and ends that are not as they should be.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use futures_util::stream::pending;
use futures_util::{FutureExt, StreamExt};
use persist_core::Result;
use persist_core::backend::{Backend, Changes, Hint, TableHandle, TableSpec};

use crate::broken::over_mem;
use crate::fault::Fault;

/// Opens another table than was asked for.
struct Renaming(fn(&mut TableSpec));

impl Fault for Renaming {
    fn open_table<'a>(
        &'a self,
        inner: &'a Arc<dyn Backend>,
        mut spec: TableSpec,
    ) -> BoxFuture<'a, Result<TableHandle>> {
        (self.0)(&mut spec);
        inner.open_table(spec)
    }
}

/// Gives back the handle that was made first, whatever the columns.
#[derive(Default)]
struct Careless(Arc<Mutex<Vec<TableHandle>>>);

impl Fault for Careless {
    fn open_table<'a>(
        &'a self,
        inner: &'a Arc<dyn Backend>,
        spec: TableSpec,
    ) -> BoxFuture<'a, Result<TableHandle>> {
        async move {
            let known = self.0.lock().unwrap().iter().find(|t| t.name() == spec.name).cloned();
            if let Some(known) = known {
                return Ok(known);
            }
            let made = inner.open_table(spec).await?;
            self.0.lock().unwrap().push(made.clone());
            Ok(made)
        }
        .boxed()
    }
}

/// `close` does nothing.
struct Immortal;

impl Fault for Immortal {
    fn close<'a>(&'a self, _: &'a Arc<dyn Backend>) -> BoxFuture<'a, Result<()>> {
        std::future::ready(Ok(())).boxed()
    }
}

/// Hints that are wrong, by listener.
struct Hinting(fn(Changes) -> Changes);

impl Fault for Hinting {
    fn changes(&self, inner: &Arc<dyn Backend>) -> Changes {
        (self.0)(inner.changes())
    }
}

fn names_one_key(hint: Hint) -> Hint {
    match hint {
        Hint::Keys { table, keys } => {
            Hint::Keys { table, keys: keys.iter().take(1).cloned().collect() }
        }
        other => other,
    }
}

over_mem!(folded_names: Renaming(|spec| spec.name = spec.name.to_lowercase())
    => names: odd dropped_alone, objects: namespaces);
over_mem!(trimmed_names: Renaming(|spec| spec.name = spec.name.trim().to_owned()) => names: odd);
over_mem!(forgotten_columns: Careless::default()
    => typed: columns made_at_once, names: made_anew);
over_mem!(immortal: Immortal => closed: contract);
over_mem!(briefly, deaf: Hinting(|_| pending().boxed()) => hints: each_change listeners,
    objects: hundred half_unwatched callbacks);
over_mem!(briefly, endless: Hinting(|hints| hints.chain(pending()).boxed()) => hints: end);
over_mem!(briefly, lossy: Hinting(|hints| hints.filter(|hint| {
    std::future::ready(!matches!(hint, Hint::Everything))
}).boxed()) => hints: overflow);
over_mem!(briefly, vague: Hinting(|hints| hints.map(names_one_key).boxed()) => hints: each_change);
