//! `Config` as a part of a server's own configuration.

use persist_config::Config;
use serde::Deserialize;

use crate::support::{Place, use_once};

#[derive(Debug, Deserialize)]
struct Server {
    listen: String,
    persist: Config,
    cache: Option<Config>,
}

const TOML: &str = "listen = '::1'\n\
    [persist]\nbackend = 'sqlite'\nsqlite = { file = 'data.sqlite', busy_timeout = '1s' }\n\
    [cache]\nbackend = 'mem'\n";

#[tokio::test]
async fn in_toml_with_paths_relative_to_where_the_server_says() {
    let place = Place::new("");
    let server: Server = toml::from_str(TOML).unwrap();
    assert_eq!(server.listen, "::1");
    use_once(&server.persist.relative_to(place.path(""))).await;
    use_once(&server.cache.unwrap()).await;
    assert!(place.path("data.sqlite").is_file());
}

#[tokio::test]
async fn in_another_format() {
    let place = Place::new("");
    place.write("name", "data.sqlite\n");
    let json = r#"{ "listen": "::1", "cache": null, "persist": { "backend": "sqlite",
        "durability": null, "sqlite": { "file": { "file": "name" }, "readers": 4 } } }"#;
    let server: Server = serde_json::from_str(json).unwrap();
    use_once(&server.persist.relative_to(place.path(""))).await;
    assert!(place.path("data.sqlite").is_file());
}

#[test]
fn mistakes_name_the_key_and_toml_adds_the_line() {
    let toml = TOML.replace("busy_timeout", "busytimeout");
    let error = toml::from_str::<Server>(&toml).unwrap_err();
    assert_eq!(error.message(), r#"sqlite.busytimeout: unknown key; did you mean "busy_timeout"?"#);
    assert!(error.to_string().starts_with("TOML parse error at line 2, column 1"), "{error}");

    let json = r#"{ "listen": "", "persist": { "backend": "mem", "sqlite": { "file": 5 } } }"#;
    let error = serde_json::from_str::<Server>(json).unwrap_err();
    assert!(
        error.to_string().starts_with("sqlite.file: expected a path, found an integer at line 1"),
        "{error}"
    );

    let error = serde_json::from_str::<Config>("7").unwrap_err();
    assert!(error.to_string().starts_with("expected a section, found an integer"), "{error}");
}

#[tokio::test]
async fn what_is_found_at_open_names_the_key() {
    let config: Config =
        toml::from_str("backend = 'sqlite'\nsqlite.file = { env = 'PERSIST_TEST_UNSET' }").unwrap();
    assert_eq!(
        config.open().await.unwrap_err().to_string(),
        "sqlite.file: the environment variable \"PERSIST_TEST_UNSET\" is not set",
    );
}

#[test]
fn debug_shows_the_backend_alone() {
    let server: Server = toml::from_str(TOML).unwrap();
    assert_eq!(
        format!("{server:?}"),
        "Server { listen: \"::1\", persist: Config { backend: \"sqlite\", .. }, \
         cache: Some(Config { backend: \"mem\", .. }) }",
    );
    let config = Config::from_toml("persist.backend = { env = 'X' }").unwrap();
    assert_eq!(format!("{config:?}"), "Config { backend: (looked up when opened), .. }");
}
