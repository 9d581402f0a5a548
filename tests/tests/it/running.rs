//! How a law is run: what good backends end with, and what a hang and a panic do.

use std::time::Duration;

use persist_conformance::{Ending, Place, Subject, laws, verdict};

use crate::broken::PATIENCE;

struct Mem;

impl Subject for Mem {
    async fn open(
        _place: &std::path::Path,
    ) -> persist_core::Result<std::sync::Arc<dyn persist_core::backend::Backend>> {
        crate::broken::mem().await
    }
}

#[test]
fn a_good_backend_keeps_a_law() {
    assert_eq!(verdict::<Mem, _, _>("", PATIENCE, laws::scan::bounds), Ending::Kept);
}

#[test]
fn a_hang_is_a_failure_that_says_so() {
    let patience = Duration::from_millis(50);
    let hanging = async |_: Place<Mem>| std::future::pending().await;
    let ending = verdict(" ", patience, hanging);
    let Ending::Broken(why) = ending else { panic!("{ending}") };
    assert!(why.starts_with("it hangs: no end after 0.05 s"), "{why}");
}

#[test]
fn a_panic_is_told_with_the_seed() {
    let panicking = async |place: Place<Mem>| panic!("of {}", place.seed());
    let ending = verdict("", PATIENCE, panicking);
    let Ending::Broken(why) = ending else { panic!("{ending}") };
    assert!(why.starts_with("of ") && why.contains("PERSIST_LAWS_SEED="), "{why}");
}

#[test]
fn each_run_has_an_empty_directory_which_goes_away() {
    let (sender, path) = std::sync::mpsc::channel();
    let looking = async move |place: Place<Mem>| {
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        sender.send(place.path().to_owned()).unwrap();
    };
    assert_eq!(verdict("", PATIENCE, looking), Ending::Kept);
    assert!(!path.recv().unwrap().exists());
}
