//! The examples, as real processes: each run twice in a file, where the second run goes on from
//! the first, and twice in memory, where it does not. (`counter` and `web` have tests of their own.)

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use uuid::Uuid;

use crate::support::Place;

const SQLITE: &str = "[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = 'store.sqlite'\n";
const MEM: &str = "[persist]\nbackend = 'mem'\n";

/// Where the examples are, built once. Where the tests are run by themselves, nobody else does; where
/// all tests of the workspace are, these are the examples that were built with them.
pub(crate) static EXAMPLES: LazyLock<PathBuf> = LazyLock::new(|| {
    // <target>/<profile>/deps/it-<hash>
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let build = escargot::CargoBuild::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .arg("--workspace")
        .all_features()
        .examples()
        .current_release()
        .target_dir(profile.parent().unwrap());
    build.exec().unwrap().for_each(|message| drop(message.unwrap()));
    profile.join("examples")
});

pub(crate) fn example(name: &str, config: &Path) -> Command {
    let mut command = Command::new(EXAMPLES.join(name));
    // Anywhere but beside the file.
    command.arg("--config").arg(config).current_dir("/");
    command
}

/// What an example prints, with `ID` in place of random ids.
fn run(name: &str, config: &Path) -> String {
    let output = example(name, config).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let words = printed.split_inclusive([' ', ':', '\n']).map(|word| {
        let id = word.trim_end_matches([' ', ':', '\n']);
        if Uuid::parse_str(id).is_ok() { word.replace(id, "ID") } else { word.to_owned() }
    });
    words.collect()
}

#[track_caller]
fn prints(name: &str, first: &str, second: &str) {
    let place = Place::new(SQLITE);
    assert_eq!(run(name, &place.toml()), first);
    assert_eq!(run(name, &place.toml()), second);
    assert!(place.path("store.sqlite").is_file());

    let place = Place::new(MEM);
    assert_eq!(run(name, &place.toml()), first);
    assert_eq!(run(name, &place.toml()), first);
    assert_eq!(place.files(), ["server.toml"]);
}

#[test]
fn settings() {
    prints(
        "settings",
        "(making a secret)\n\
         (looking for the nearest region)\n\
         theme Theme { name: \"plain\", dark: false }\n\
         secret ID\n\
         region north\n\
         theme now Theme { name: \"plain\", dark: true }\n",
        "theme Theme { name: \"plain\", dark: true }\n\
         secret ID\n\
         region north\n\
         theme now Theme { name: \"plain\", dark: false }\n",
    );
}

#[test]
fn readings() {
    let printed = "48 readings\n\
        hottest on the roof from 12 to 15: 22 °C\n\
        at night: 6\n\
        roof at 23: 13 °C\n\
        roof at 22: 14 °C\n\
        roof at 21: 15 °C\n\
        cellar on average: 12 °C\n\
        a page of 20; 28 are left\n\
        a page of 20; 8 are left\n\
        a page of 8; 0 are left\n";
    prints("readings", printed, printed);
}

#[test]
fn stock() {
    prints(
        "stock",
        "tea: 5 came, 5 in stock\n\
         tea: 2 sold\n\
         tea: 2 sold\n\
         tea: sold out\n\
         tea: sold out\n\
         tea: Some(1) left\n\
         labels: [\"fresh\"]\n\
         labels: Some([\"fresh\", \"organic\"])\n",
        "tea: 5 came, 6 in stock\n\
         tea: 2 sold\n\
         tea: 2 sold\n\
         tea: 2 sold\n\
         tea: sold out\n\
         tea: None left\n\
         labels: Some([\"fresh\", \"organic\"]) already\n\
         labels: Some([\"fresh\", \"organic\"])\n",
    );
}

#[test]
fn orders() {
    prints(
        "orders",
        "bob is given 12 and has 12\n\
         order 1: tea for 5\n\
         order 2: tea for 5\n\
         refused: tea is 5, and bob has 2\n\
         2 orders\n",
        "bob is given 12 and has 14\n\
         order 3: tea for 5\n\
         order 4: tea for 5\n\
         refused: tea is 5, and bob has 4\n\
         4 orders\n",
    );
}

#[test]
fn flags() {
    let printed = "beta/dark: Flag { on: false }\n\
        beta/dark: Flag { on: false }, now Flag { on: true }\n\
        the callback has it too\n\
        beta/dark: gone\n\
        the end\n";
    prints("flags", printed, printed);
}

#[test]
fn sessions() {
    prints(
        "sessions",
        "4 sessions\n\
         3 have expired\n\
         bob is here: false\n\
         ann is here 1 times, 1 requests\n\
         1 session, 1 date\n",
        "5 sessions\n\
         3 have expired\n\
         bob is here: false\n\
         ann is here 2 times, 2 requests\n\
         logged out elsewhere: true\n\
         1 session, 1 date\n",
    );
}

#[test]
fn objects() {
    let once = "Add the end (22) < Plan (16)";
    let printed = |log: &str| {
        format!(
            "removed by one who has seen nothing of it: false\n\
             main: {log}\n\
             main/old: {log}\n"
        )
    };
    prints("objects", &printed(once), &printed(&format!("{once} < {once}")));
}

#[test]
fn files() {
    let printed = "/\n  home/\n    ann/\n      notes.txt (22)\n    bob/\n      plans/\n        \
        garden.txt (8)\n      song.txt (1000000)\n  log (23)\n\
        sow, water, wait, reap\n\
        la la la\n\
        bob has 1 plan of ann's\n\
        all of it: 81497a4ed782b8de9ccae4e2884fc8b4d377710756c67dd2571a1d86a3150191\n\
        /home: a dictionary cannot be moved into itself, to /home/bob\n\
        /log: a dictionary is expected here, and this is a value\n";
    prints("files", printed, printed);
}

#[test]
fn uuid() {
    prints("uuid", "ID: note 1\n", "ID: note 2\nID: note 1\n");
}

#[test]
fn mistakes_are_told() {
    let place = Place::new("[persist]\nbackend = 'sqlit'\n");
    let output = example("orders", &place.toml()).output().unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("Error: ") && told.contains("server.toml:2:"), "{told}");
}
