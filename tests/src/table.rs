//! The table of laws.

/// Makes a test of every law, over a [`Subject`](crate::Subject): `laws::family::law`, and
/// `laws::child`, which laws start again in child processes.
///
/// One line at the root of an integration test:
///
/// ```
/// # use std::{path::Path, sync::Arc};
/// # use persist_core::{Result, backend::Backend};
/// # struct Mem;
/// # impl persist_conformance::Subject for Mem {
/// #     async fn open(_place: &Path) -> Result<Arc<dyn Backend>> {
/// #         persist_mem::Options::new().backend().await
/// #     }
/// # }
/// persist_conformance::laws!(Mem);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! laws {
    ($subject:ty) => {
        $crate::laws! { @table $subject;
            visible: own_writes other_handles under_load references tables;
            durable: reopened dropped counted schema dropped_tables;
            atomic: all_or_nothing in_order errors_write_nothing large side_by_side;
            isolated: conflict_tells equals_is_exact judged_together marks_stand mark_of_keys
                mark_of_a_scan mark_of_a_page mark_of_a_count mark_of_a_snapshot
                mark_of_what_is_gone no_write_skew no_phantoms transfers;
            read: gets scans counts budget of_what_is_gone;
            scan: order_of_text order_of_bytes order_of_integers order_of_reals order_of_pairs
                order_of_nested_pairs bounds bounds_of_bytes bounds_of_integers bounds_of_reals
                bounds_of_pairs prefix_of_text prefix_of_bytes prefix_of_pairs
                prefix_within_bounds empty_ranges limits pages folds large_values;
            steady: present_throughout every_form callback_writes the_ground_goes nothing_held bad_row;
            snapshot: one_state consistent writers_go_on callback_writes dropped_table
                busy_not_stuck released gets scans counts budget;
            names: odd dropped_alone made_anew refused references sizes;
            data: bytes characters empty numbers refused key_limit value_limit batch_limit;
            typed: columns made_at_once references own_column corrupt_values left_over_bytes
                corrupt_references;
            closed: everything twice apart contract under_load dropped;
            honest: answers batches dropped_tables outcomes foreign_tables errors_in_closures
                panics_in_closures panics_in_iterations;
            update: forms unchanged tasks references handles swaps many_keys toggles hot_chain
                decisions other_writers;
            store: kept default_once removed_row codecs of_tables mirrors;
            transact: own_writes aborts transfers increments phantoms write_skew absences one_state
                spawned gives_up table_behind_its_back nested escaped other_stores;
            watch: kinds baseline places values ends last_state slow thousand too_large guards
                panics;
            objects: opening namespaces together branches binary_keys listing append_only one_binding
                links adding adding_at_once bulk bulk_limit every_cell corrupt repaired undecodable
                digests remembered collisions test_and_set one_winner beginnings equal_sets handles
                callbacks hundred half_unwatched;
            hints: each_change listeners overflow end;
            cancel: singles batches updates reads snapshots opens closes transactions defaults watches;
            runtime: current_thread spawned moved ended_under_way foreign_executor
                blocked_thread;
            processes: increments creation schema visible one_winner batches dropped_table hints
                defaults transactions watches test_and_set atomic_watches;
            crash: puts batches counter;
        }
    };
    (@table $subject:ty; $($family:ident: $($law:ident)+;)+) => {
        #[cfg(test)]
        mod laws {
            #[allow(unused_imports, clippy::wildcard_imports, reason = "wherever the subject is")]
            use super::*;

            type Examined = $subject;

            const HOME: &str = module_path!();

            #[test]
            fn child() {
                $crate::child::<Examined>();
            }

            $crate::kv_laws! { @family $crate::OnTable<Examined> }

            $(mod $family {
                $(#[test]
                fn $law() {
                    let case = $crate::Case {
                        package: env!("CARGO_PKG_NAME"),
                        family: stringify!($family),
                        law: stringify!($law),
                        home: super::HOME,
                    };
                    $crate::run::<super::Examined, _, _>(case, |place| {
                        <super::Examined as $crate::Subject>::prepare(place.path());
                        $crate::laws::$family::$law(place)
                    });
                })+
            })+
        }
    };
}
