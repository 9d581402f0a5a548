//! Settings that stand in the environment or in another file.

use crate::support::{Place, use_once};

/// Set by cargo for every test it runs.
const SET: &str = "CARGO_PKG_NAME";
const UNSET: &str = "PERSIST_TEST_UNSET";

#[tokio::test]
async fn text_from_the_environment() {
    let place = Place::new(format!(
        "[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = {{ env = '{SET}' }}\n"
    ));
    use_once(&place.load().unwrap()).await;
    assert!(place.path("persist-config").is_file());
}

#[tokio::test]
async fn text_from_files_without_their_last_newline() {
    let place = Place::new(
        "[persist]\nbackend = { file = 'etc/backend' }\ndurability = { file = 'etc/durability' }\n\
         [persist.sqlite]\nfile = { file = 'etc/file' }\nbusy_timeout = { file = 'etc/wait' }\n",
    );
    place.write("etc/backend", "sqlite\r\n");
    place.write("etc/durability", "relaxed");
    place.write("etc/file", "two\nlines\n");
    place.write("etc/wait", "2s\n");
    let config = place.load().unwrap();
    assert_eq!(config.backend_name().unwrap(), "sqlite");
    use_once(&config).await;
    assert!(place.path("two\nlines").is_file());
}

#[tokio::test]
async fn a_section_with_only_a_file_is_a_section() {
    let place = Place::new("[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = 'a.sqlite'\n");
    use_once(&place.load().unwrap()).await;
    assert!(place.path("a.sqlite").is_file());
}

#[tokio::test]
async fn what_is_not_chosen_is_not_looked_up() {
    let place = Place::new(format!(
        "[persist]\nbackend = 'mem'\n\
         [persist.sqlite]\nfile = {{ env = '{UNSET}' }}\ndurability = {{ file = 'none' }}\n"
    ));
    use_once(&place.load().unwrap()).await;
}

#[test]
fn what_is_not_chosen_is_checked_all_the_same() {
    for (second, expected) in [
        ("fiel = { env = 'X' }", "5:1: persist.sqlite.fiel: unknown key; did you mean \"file\"?"),
        (
            "create = { env = 'X' }",
            "5:10: persist.sqlite.create: expected true or false, found a string",
        ),
        (
            "readers = 'x'",
            "5:11: persist.sqlite.readers: expected a whole number from 0 on, found a string",
        ),
    ] {
        let place = Place::new(format!(
            "[persist]\nbackend = 'mem'\n[persist.sqlite]\nfile = {{ env = '{UNSET}' }}\n{second}\n"
        ));
        assert_eq!(place.mistake(), format!("server.toml:{expected}"));
    }
}

#[tokio::test]
async fn a_variable_that_is_not_set() {
    let place = Place::new(format!(
        "[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = {{ env = '{UNSET}' }}\n"
    ));
    assert_eq!(
        place.mistake_at_open().await,
        "server.toml:4:8: persist.sqlite.file: the environment variable \"PERSIST_TEST_UNSET\" \
         is not set",
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_or_is_not_text() {
    let place =
        Place::new("[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = { file = 'secret' }\n");
    let absolute = place.path("secret");
    let error = place.load().unwrap().open().await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().is::<std::io::Error>());
    assert_eq!(
        error.to_string(),
        format!(
            "{}:4:8: persist.sqlite.file: the file {}: there is no such file",
            place.toml().display(),
            absolute.display()
        ),
    );
    place.write("secret", b"\xff");
    assert_eq!(
        place.mistake_at_open().await,
        "server.toml:4:8: persist.sqlite.file: the file secret is not UTF-8",
    );
    std::fs::remove_file(&absolute).unwrap();
    std::fs::create_dir(&absolute).unwrap();
    assert_eq!(
        place.mistake_at_open().await,
        "server.toml:4:8: persist.sqlite.file: the file secret: it is a directory",
    );
}

#[tokio::test]
async fn what_was_looked_up_is_never_shown() {
    for (settings, expected) in [
        (
            "backend = { file = 'secret' }",
            "2:11: persist.backend: unknown backend; expected \"mem\", \"sqlite\", \"dbm\" or \"pgsql\"",
        ),
        (
            "backend = 'mem'\ndurability = { file = 'secret' }",
            "3:14: persist.durability: unknown value; expected \"full\" or \"relaxed\"",
        ),
        (
            "backend = 'sqlite'\nsqlite = { file = 'a', busy_timeout = { file = 'secret' } }",
            "3:39: persist.sqlite.busy_timeout: not a valid value; expected a duration such as \
             \"5s\"",
        ),
    ] {
        let place = Place::new(format!("[persist]\n{settings}\n"));
        place.write("secret", "hunter2");
        assert_eq!(place.mistake_at_open().await, format!("server.toml:{expected}"));
        let config = place.load().unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
