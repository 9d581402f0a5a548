//! Stores of hierarchical keys, and the table of their laws.

use std::future::Future;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use persist_core::kv::{Kv, TableOptions};
use persist_core::{Persist, Result};

use crate::Subject;

/// A store of hierarchical keys under examination: how to open it at a place.
///
/// ```
/// use std::path::Path;
/// use persist_core::{Result, kv::Kv};
///
/// struct Mem;
///
/// impl persist_conformance::KvSubject for Mem {
///     async fn open_kv(_place: &Path) -> Result<Kv> {
///         Kv::open(&persist_mem::Options::new().open().await?, "files").await
///     }
/// }
/// ```
pub trait KvSubject: 'static {
    /// Opens the store at `place`: a directory that is empty at first and belongs to one run of
    /// one law. Called again for the same place when a law reopens the store, and in child
    /// processes, which share the store with each other and with this one.
    ///
    /// Settings should be those that users get by default, full durability above all; leases of
    /// what is written ahead, if there are any, should last no longer than a few seconds.
    fn open_kv(place: &Path) -> impl Future<Output = Result<Kv>> + Send;

    /// Sees to what must outlive the child processes, as [`Subject::prepare`] does.
    fn prepare(place: &Path) {
        let _ = place;
    }
}

/// The hierarchical keys in the tables of a backend.
#[derive(Debug)]
pub struct OnTable<S>(PhantomData<fn() -> S>);

impl<S: Subject> KvSubject for OnTable<S> {
    async fn open_kv(place: &Path) -> Result<Kv> {
        let store = Persist::new(S::open(place).await?);
        let options = TableOptions::new("kv").lease(Duration::from_secs(2)).closes_store(true);
        options.open(&store).await
    }

    fn prepare(place: &Path) {
        S::prepare(place);
    }
}

/// Makes a test of every law of hierarchical keys, over a [`KvSubject`](crate::KvSubject):
/// `laws::kv::law`, and `laws::child`, which laws start again in child processes.
///
/// [`laws!`](crate::laws!) has them already, for the tables of a backend. This is for a store that
/// stands on none:
///
/// ```
/// # use std::path::Path;
/// # use persist_core::{Result, kv::Kv};
/// # struct Mem;
/// # impl persist_conformance::KvSubject for Mem {
/// #     async fn open_kv(_place: &Path) -> Result<Kv> {
/// #         Kv::open(&persist_mem::Options::new().open().await?, "files").await
/// #     }
/// # }
/// persist_conformance::kv_laws!(Mem);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! kv_laws {
    (@family $subject:ty) => {
        $crate::kv_laws! { @table $subject;
            worked_get_partial worked_set_partial worked_rename_values worked_rename_into
                worked_rename_onto_value worked_rename_dictionaries worked_rename_into_itself
            exists get list last_modified digest size set set_partial allocate remove rename
                through_values empty_key dictionaries_stay
            names refused_names limits random
            batch_before batch_in_order batch_aborts batch_listing batch_runs_again
                batch_errors batch_alone batch_size too_many_retries
            increments no_cycles whole_values moved_under_way dropped_futures
            large partial gibibyte readers writers
            watch_value watch_dictionary watch_last_state
            clock leftovers shared_handles closed reopened
            processes process_watch lease crash
        }
    };
    (@table $subject:ty; $($law:ident)+) => {
        mod kv {
            $(#[test]
            fn $law() {
                #[allow(unused_imports, clippy::wildcard_imports, reason = "wherever the subject is")]
                use super::*;

                let case = $crate::Case {
                    package: env!("CARGO_PKG_NAME"),
                    family: "kv",
                    law: stringify!($law),
                    home: HOME,
                };
                $crate::run::<$subject, _, _>(case, |place| {
                    <$subject as $crate::KvSubject>::prepare(place.path());
                    $crate::laws::kv::$law(place)
                });
            })+
        }
    };
    ($subject:ty) => {
        #[cfg(test)]
        mod laws {
            #[allow(unused_imports, clippy::wildcard_imports, reason = "wherever the subject is")]
            use super::*;

            type Examined = $subject;

            const HOME: &str = module_path!();

            #[test]
            fn child() {
                $crate::kv_child::<Examined>();
            }

            $crate::kv_laws! { @family Examined }
        }
    };
}
