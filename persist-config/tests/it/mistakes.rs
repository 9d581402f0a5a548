//! The exact text of every error that a file can cause.

use std::os::unix::fs::PermissionsExt as _;

use persist_config::Config;
use persist_core::ErrorKind;

use crate::support::Place;

#[track_caller]
fn mistake(toml: &str, expected: &str) {
    assert_eq!(Place::new(toml).mistake(), expected);
}

#[test]
fn an_unknown_key_with_the_one_that_was_meant() {
    mistake(
        "[server]\nlisten = 1\n\n[persist]\nbackend = \"sqlite\"\n\n[persist.sqlite]\nfiel = \"a\"\n",
        r#"server.toml:8:1: persist.sqlite.fiel: unknown key; did you mean "file"?"#,
    );
    mistake(
        "[persist]\nbackend = \"mem\"\n  durabilty = \"full\"\n",
        r#"server.toml:3:3: persist.durabilty: unknown key; did you mean "durability"?"#,
    );
    mistake(
        "[persist]\nbackend = \"mem\"\n[persist.sqllite]\n",
        r#"server.toml:3:10: persist.sqllite: unknown key; did you mean "sqlite"?"#,
    );
    mistake(
        "[persist]\nbackend = \"dbm\"\n[persist.dbm]\nstore = \"a\"\nsahred = true\n",
        r#"server.toml:5:1: persist.dbm.sahred: unknown key; did you mean "shared"?"#,
    );
    mistake(
        "persist = { backend = 'sqlite', sqlite = { File = 'a' } }",
        r#"server.toml:1:44: persist.sqlite.File: unknown key; did you mean "file"?"#,
    );
}

#[test]
fn an_unknown_key_with_those_that_there_are() {
    mistake(
        "[persist]\nbackend = \"sqlite\"\nurl = \"a\"\n",
        r#"server.toml:3:1: persist.url: unknown key; the keys here are "backend", "durability", "kv", "mem", "sqlite", "dbm" and "pgsql""#,
    );
    mistake(
        "[persist]\nbackend = \"mem\"\n[persist.mem]\nx = 1\n",
        "server.toml:4:1: persist.mem.x: unknown key; this section has none",
    );
    mistake(
        "[persist.sqlite]\n\"odd name\" = 1\n",
        "server.toml:2:1: persist.sqlite.\"odd name\": unknown key; the keys here are \"file\", \
         \"durability\", \"busy_timeout\", \"cache_size\", \"mmap_size\", \"readers\", \
         \"snapshots\", \"snapshot_max_age\", \"create\", \"read_only\", \"exclusive\" and \"ocsipersist\"",
    );
}

#[test]
fn the_first_mistake_of_the_file_comes_first() {
    mistake(
        "[persist.sqlite]\nzeta = 1\nalpha = 2\n[persist]\nbakend = 'mem'\n",
        "server.toml:2:1: persist.sqlite.zeta: unknown key; the keys here are \"file\", \
         \"durability\", \"busy_timeout\", \"cache_size\", \"mmap_size\", \"readers\", \
         \"snapshots\", \"snapshot_max_age\", \"create\", \"read_only\", \"exclusive\" and \"ocsipersist\"",
    );
}

#[test]
fn a_value_of_a_wrong_type() {
    for (setting, expected) in [
        ("file = 5", "4:8: persist.sqlite.file: expected a path, found an integer"),
        (
            "file = { path = 'x' }",
            "4:8: persist.sqlite.file: expected a path, found a table; text that stands \
             elsewhere is { env = \"NAME\" } or { file = \"PATH\" }",
        ),
        ("create = 'yes'", "4:10: persist.sqlite.create: expected true or false, found a string"),
        (
            "readers = '4'",
            "4:11: persist.sqlite.readers: expected a whole number from 0 on, found a string",
        ),
        (
            "readers = -1",
            "4:11: persist.sqlite.readers: not a valid value; expected a whole number from 0 on",
        ),
        ("readers = 99999999999999999999", "4:11: persist.sqlite.readers: the number is too large"),
        (
            "readers = 2.5",
            "4:11: persist.sqlite.readers: expected a whole number from 0 on, found a float",
        ),
        (
            "readers = { env = 'N' }",
            "4:11: persist.sqlite.readers: expected a whole number from 0 on, found a string",
        ),
        (
            "busy_timeout = 5",
            "4:16: persist.sqlite.busy_timeout: expected a duration such as \"5s\", found an integer",
        ),
        (
            "busy_timeout = 'secret'",
            "4:16: persist.sqlite.busy_timeout: not a valid value; expected a duration such as \
             \"5s\"",
        ),
        (
            "cache_size = true",
            "4:14: persist.sqlite.cache_size: expected a size such as \"64MiB\", found a boolean",
        ),
        (
            "cache_size = 'secret'",
            "4:14: persist.sqlite.cache_size: not a valid value; expected a size such as \"64MiB\"",
        ),
        ("file = 1979-05-27", "4:8: persist.sqlite.file: expected a path, found a date or time"),
        ("file = ['a']", "4:8: persist.sqlite.file: expected a path, found an array"),
    ] {
        let toml = format!("[persist]\nbackend = 'mem'\n[persist.sqlite]\n{setting}\n");
        mistake(&toml, &format!("server.toml:{expected}"));
    }
}

#[test]
fn a_word_that_is_none_of_the_list() {
    mistake(
        "[persist]\nbackend = 'mem'\ndurability = 'ful'\n",
        r#"server.toml:3:14: persist.durability: unknown value "ful"; did you mean "full"?"#,
    );
    mistake(
        "[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = 'a'\ndurability = 'fast'\n",
        r#"server.toml:5:14: persist.sqlite.durability: unknown value "fast"; expected "full" or "relaxed""#,
    );
    mistake(
        "[persist]\nbackend = 'mem'\ndurability = true\n",
        r#"server.toml:3:14: persist.durability: expected "full" or "relaxed", found a boolean"#,
    );
}

#[test]
fn a_backend_that_there_is_not() {
    mistake(
        "[persist]\nbackend = \"sqllite\"\n",
        r#"server.toml:2:11: persist.backend: unknown backend "sqllite"; did you mean "sqlite"?"#,
    );
    mistake(
        "[persist]\nbackend = \"oracle\"\n",
        r#"server.toml:2:11: persist.backend: unknown backend "oracle"; expected "mem", "sqlite", "dbm" or "pgsql""#,
    );
    mistake(
        "[persist]\nbackend = \"redis\"\n",
        r#"server.toml:2:11: persist.backend: the backend "redis" is not in this version; expected "mem", "sqlite", "dbm" or "pgsql""#,
    );
    mistake(
        "[persist]\nbackend = 1\n",
        "server.toml:2:11: persist.backend: expected a string, found an integer",
    );
}

#[test]
fn what_is_missing() {
    mistake(
        "",
        "server.toml: there is no section [persist]; write one, with backend = \"..\" in it",
    );
    mistake(
        "[server]\n[persits]\nbackend = \"mem\"\n",
        "server.toml:2:2: there is no section [persist]; is [persits] meant to be it?",
    );
    mistake(
        "[server]\n[persist]\n",
        r#"server.toml:2:1: persist: the key "backend" is missing; it is "mem", "sqlite", "dbm" or "pgsql""#,
    );
    mistake(
        "[persist]\nbackend = \"sqlite\"\n",
        "server.toml:2:11: persist.backend: \"sqlite\" needs its own section, such as\n\n\
         [persist.sqlite]\nfile = \"persist.sqlite\"\n",
    );
    mistake(
        "[persist]\nbackend = \"sqlite\"\n[persist.sqlite]\nreaders = 4\n",
        r#"server.toml:3:1: persist.sqlite: the key "file" is missing"#,
    );
}

#[test]
fn what_is_no_section() {
    mistake("persist = 1", "server.toml:1:11: persist: expected a section, found an integer");
    mistake(
        "[persist]\nbackend = \"mem\"\nsqlite = \"a\"\n",
        "server.toml:3:10: persist.sqlite: expected a section, found a string",
    );
    mistake("[[persist]]", "server.toml:1:1: persist: expected a section, found an array");
}

#[test]
fn a_section_of_another_name() {
    let place = Place::new("[cache]\nbackend = \"sqlite\"\n");
    let error = Config::load_section(place.toml(), "cache").unwrap_err();
    assert_eq!(
        place.told(&error),
        "server.toml:2:11: cache.backend: \"sqlite\" needs its own section, such as\n\n\
         [cache.sqlite]\nfile = \"persist.sqlite\"\n",
    );
    let error = Config::load_section(place.toml(), "cash").unwrap_err();
    assert_eq!(
        place.told(&error),
        "server.toml:1:2: there is no section [cash]; is [cache] meant to be it?",
    );
}

#[test]
fn not_toml_without_showing_the_line() {
    mistake(
        "[persist]\nbackend = \"mem\"\npassword = \"hunter2\n",
        "server.toml:3:20: not TOML: invalid basic string, expected `\"`",
    );
    mistake("[persist]\nbackend = 'mem'\n[persist]\n", "server.toml:3:2: not TOML: duplicate key");
    mistake(
        "[persist]\nbackend = mem\n",
        "server.toml:2:11: not TOML: string values must be quoted, expected literal string",
    );
}

#[test]
fn not_utf_8() {
    let place = Place::new(b"[persist]\n# caf\xe9\n");
    assert_eq!(place.mistake(), "server.toml:2:6: not UTF-8, as TOML must be");
}

#[test]
fn a_file_that_is_not_there() {
    let place = Place::new("");
    let error = Config::load(place.path("sever.toml")).unwrap_err();
    assert_eq!(place.told(&error), "sever.toml: there is no such file");
    assert!(std::error::Error::source(&error).unwrap().is::<std::io::Error>());

    let error = Config::load("no/such.toml").unwrap_err();
    let here = std::env::current_dir().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "no/such.toml: there is no such file (the current directory is {})",
            here.display()
        ),
    );
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn a_file_that_cannot_be_read() {
    let place = Place::new("");
    place.write("dir/file", "");
    let error = Config::load(place.path("dir")).unwrap_err();
    assert_eq!(place.told(&error), "dir: it is a directory");

    std::fs::set_permissions(place.toml(), std::fs::Permissions::from_mode(0o0)).unwrap();
    // Root may read everything.
    if std::fs::read(place.toml()).is_err() {
        assert_eq!(place.mistake(), "server.toml: this user may not read it");
    }
}

#[test]
fn without_a_file_the_line_stays() {
    let error = Config::from_toml("[persist]\nbackend = 'mem'\nx = 1\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 3, column 1: persist.x: unknown key; the keys here are \"backend\", \
         \"durability\", \"kv\", \"mem\", \"sqlite\", \"dbm\" and \"pgsql\"",
    );
}
