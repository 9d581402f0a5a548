//! The example `counter`, in real processes: alone, many at once, and killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::examples::EXAMPLES;
use crate::support::Place;

const TOML: &str = "[server]\nlisten = '::1'\n[persist]\nbackend = 'sqlite'\n\
    [persist.sqlite]\nfile = 'counter.sqlite'\n";

/// The program.
pub(crate) static COUNTER: LazyLock<PathBuf> = LazyLock::new(|| EXAMPLES.join("counter"));

fn counter(config: &Path) -> Command {
    let mut command = Command::new(&*COUNTER);
    // Anywhere but beside the file.
    command.arg("--config").arg(config).current_dir("/");
    command
}

fn start(config: &Path) -> Child {
    counter(config).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What a run that nobody disturbs prints.
fn run(config: &Path) -> u64 {
    number(&counter(config).output().unwrap())
}

fn number(output: &Output) -> u64 {
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    printed(output).unwrap_or_else(|| panic!("{output:?}"))
}

/// The number, if the whole of its line was printed.
fn printed(output: &Output) -> Option<u64> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.strip_suffix('\n').map(|number| number.parse().unwrap())
}

#[test]
fn alone_and_then_sixteen_at_once() {
    let place = Place::new(TOML);
    let config = place.toml();
    assert_eq!([run(&config), run(&config), run(&config)], [1, 2, 3]);
    assert!(place.path("counter.sqlite").is_file());

    let children: Vec<Child> = (0..16).map(|_| start(&config)).collect();
    let numbers: BTreeSet<u64> =
        children.into_iter().map(|child| number(&child.wait_with_output().unwrap())).collect();
    assert_eq!(numbers, (4..=19).collect());
    assert_eq!(run(&config), 20);
}

#[test]
fn sixteen_at_once_on_a_file_that_none_has_made() {
    let place = Place::new(TOML);
    let children: Vec<Child> = (0..16).map(|_| start(&place.toml())).collect();
    let numbers: BTreeSet<u64> =
        children.into_iter().map(|child| number(&child.wait_with_output().unwrap())).collect();
    assert_eq!(numbers, (1..=16).collect());
}

#[test]
fn killed_at_any_moment() {
    const ROUNDS: u32 = 20;
    let place = Place::new(TOML);
    let config = place.toml();
    // The first run may have to wait until the program is built.
    run(&config);
    let started = Instant::now();
    let mut largest = run(&config);
    let whole_run = started.elapsed();
    for round in 0..ROUNDS {
        // Four that get into each other's way, killed at moments spread over a run and a little
        // more, with what the system adds of chance.
        let mut children: Vec<Child> = (0..4).map(|_| start(&config)).collect();
        std::thread::sleep(whole_run * round * 3 / (ROUNDS * 2));
        for child in &mut children {
            child.kill().unwrap();
            std::thread::sleep(Duration::from_micros(300));
        }
        let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
        let before = largest;
        for number in outputs.filter_map(|output| printed(&output)) {
            assert!(number > before, "{number} was printed after {before}");
            largest = largest.max(number);
        }
        let next = run(&config);
        assert!(next > largest, "{next} was printed after {largest}");
        largest = next;
    }
}

const SLED: &str = "[persist]\nbackend = 'dbm'\n[persist.dbm]\nstore = 'counter'\n";

#[test]
fn on_sled_alone_and_killed_at_any_moment() {
    const ROUNDS: u32 = 20;
    let place = Place::new(SLED);
    let config = place.toml();
    assert_eq!([run(&config), run(&config), run(&config)], [1, 2, 3]);
    let started = Instant::now();
    let mut largest = run(&config);
    let whole_run = started.elapsed();
    for round in 0..ROUNDS {
        let mut child = start(&config);
        std::thread::sleep(whole_run * round * 3 / (ROUNDS * 2));
        child.kill().unwrap();
        let told = printed(&child.wait_with_output().unwrap());
        assert!(told.is_none_or(|told| told > largest), "{told:?} was printed after {largest}");
        let next = run(&config);
        assert!(next > told.unwrap_or(largest), "{next} was printed after {told:?} and {largest}");
        largest = next;
    }
    assert_eq!(place.files(), ["counter", "server.toml"]);
}

#[test]
fn on_shared_sled_sixteen_at_once_and_killed_at_any_moment() {
    const ROUNDS: u32 = 20;
    let place = Place::new(format!("{SLED}shared = true\nidle_time = '300ms'\n"));
    let config = place.toml();
    let children: Vec<Child> = (0..16).map(|_| start(&config)).collect();
    let numbers: BTreeSet<u64> =
        children.into_iter().map(|child| number(&child.wait_with_output().unwrap())).collect();
    assert_eq!(numbers, (1..=16).collect());
    let started = Instant::now();
    let mut largest = run(&config);
    let whole_run = started.elapsed();
    for round in 0..ROUNDS {
        let mut children: Vec<Child> = (0..4).map(|_| start(&config)).collect();
        std::thread::sleep(whole_run * round * 3 / (ROUNDS * 2));
        for child in &mut children {
            child.kill().unwrap();
        }
        let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
        let before = largest;
        for number in outputs.filter_map(|output| printed(&output)) {
            assert!(number > before, "{number} was printed after {before}");
            largest = largest.max(number);
        }
        let next = run(&config);
        assert!(next > largest, "{next} was printed after {largest}");
        largest = next;
    }
    // The server leaves by itself, and takes its socket along.
    let begin = Instant::now();
    while place.path("counter/socket").exists() {
        assert!(begin.elapsed() < Duration::from_mins(1), "the server stays");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn on_sled_a_second_process_is_told_how_to_share() {
    let place = Place::new(SLED);
    let store = persist_config::open(place.toml()).await.unwrap();
    let output = counter(&place.toml()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "{}: process {} has it open; set `shared = true`",
        place.path("counter").display(),
        std::process::id()
    );
    assert!(told.contains(&expected), "{told}");
    store.close().await.unwrap();
    assert_eq!(run(&place.toml()), 1);
}

#[test]
fn in_memory_every_run_is_the_first() {
    let place = Place::new("[persist]\nbackend = 'mem'\n");
    assert_eq!([run(&place.toml()), run(&place.toml())], [1, 1]);
    assert_eq!(place.files(), ["server.toml"]);
}

#[test]
fn a_wrong_key_stops_it_before_anything_is_made() {
    let place = Place::new(TOML.replace("file", "fiel"));
    let output = counter(&place.toml()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(
            "counter: {}:6:1: persist.sqlite.fiel: unknown key; did you mean \"file\"?\n",
            place.toml().display()
        ),
    );
    assert_eq!(place.files(), ["server.toml"]);
}

#[test]
fn a_file_that_is_not_there_is_told_with_its_cause() {
    let place = Place::new("");
    let output = counter(&place.path("none.toml")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(
            "counter: {}: there is no such file: No such file or directory (os error 2)\n",
            place.path("none.toml").display()
        ),
    );
}

#[test]
fn a_relative_config_is_found_from_the_current_directory() {
    let place = Place::new(TOML);
    let output = counter("server.toml".as_ref()).current_dir(place.path("")).output().unwrap();
    assert_eq!(number(&output), 1);
    assert!(place.path("counter.sqlite").is_file());
}

#[test]
fn other_arguments_are_answered_with_the_usage() {
    for arguments in [&["--confg", "x"][..], &["--config"], &["x"], &["--config", "x", "y"]] {
        let output = Command::new(&*COUNTER).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stderr, b"usage: counter [--config FILE]\n");
    }
}
