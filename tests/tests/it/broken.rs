//! Faults, and the laws that must catch them.

mod cancelled;
mod commits;
mod durability;
mod kv;
mod lifecycle;
mod marks;
mod ranges;
mod reads;
mod snapshots;
mod values;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use persist_core::Result;
use persist_core::backend::Backend;

/// How long a law may take on a broken backend: some faults are hangs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The same, for faults that show as a hang: all laws together take less on a good backend.
pub(crate) const BRIEF: Duration = Duration::from_secs(3);

/// A good store in memory.
pub(crate) async fn mem() -> Result<Arc<dyn Backend>> {
    persist_mem::Options::new().backend().await
}

/// A good store in a file.
pub(crate) async fn sqlite(place: &Path) -> Result<Arc<dyn Backend>> {
    persist_sqlite::Options::new(place.join("data.sqlite")).backend().await
}

/// A module for a fault over memory: a test for each law that must fail, named after it.
macro_rules! over_mem {
    ($name:ident: $fault:expr => $($laws:tt)+) => {
        $crate::broken::over_mem!(@ $name, $fault, $crate::broken::PATIENCE => $($laws)+);
    };
    (briefly, $name:ident: $fault:expr => $($laws:tt)+) => {
        $crate::broken::over_mem!(@ $name, $fault, $crate::broken::BRIEF => $($laws)+);
    };
    (@ $name:ident, $fault:expr, $patience:expr => $($laws:tt)+) => {
        mod $name {
            use super::*;

            pub(super) struct Examined;

            impl persist_conformance::Subject for Examined {
                async fn open(
                    _place: &std::path::Path,
                ) -> persist_core::Result<std::sync::Arc<dyn persist_core::backend::Backend>> {
                    Ok($crate::fault::broken($crate::broken::mem().await?, $fault))
                }
            }

            $crate::broken::caught!(Examined, $patience => $($laws)+);
        }
    };
}

/// A test for each law that must fail on a subject.
macro_rules! caught {
    ($subject:ident, $patience:expr => $($family:ident: $($law:ident)+),+) => {
        $(mod $family {
            $(#[test]
            fn $law() {
                let home = module_path!().rsplit_once("::").map_or("", |(home, _)| home);
                let law = persist_conformance::laws::$family::$law;
                let ending = persist_conformance::verdict::<super::$subject, _, _>(home, $patience, law);
                let caught = matches!(ending, persist_conformance::Ending::Broken(_));
                assert!(caught, "the law does not see that this is broken: {ending}");
            })+
        })+
    };
}

pub(crate) use {caught, over_mem};
