//! Hierarchical keys as plain files, from a TOML file.

use std::fs;

use crate::examples::example;
use crate::support::Place;

const FS: &str = "[persist.kv]\nbackend = 'fs'\ndir = 'tree'\n";
const SQLITE: &str = "[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = 'store.sqlite'\n";

#[tokio::test]
async fn they_are_files_beside_the_toml_file_and_need_no_store() {
    let place = Place::new(FS);
    let kv = persist_config::open_kv(place.toml()).await.unwrap();
    kv.set("a/b", "c").await.unwrap();
    kv.disconnect().await;
    assert_eq!(fs::read(place.path("tree/a/b")).unwrap(), b"c");

    let place = Place::new(format!("[persist]\ndurability = 'relaxed'\n{FS}read_only = true\n"));
    fs::create_dir(place.path("tree")).unwrap();
    let kv = persist_config::open_kv(place.toml()).await.unwrap();
    let error = kv.set("a", "").await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    kv.disconnect().await;
}

#[test]
fn mistakes_name_their_place() {
    for (part, expected) in [
        ("backend = 'fs'", "server.toml:1:1: persist.kv: the key \"dir\" is missing"),
        (
            "backend = 'fs'\ndir = 'a'\nread_onli = true",
            r#"server.toml:4:1: persist.kv.read_onli: unknown key; did you mean "read_only"?"#,
        ),
        (
            "backend = 'fs'\ndir = 'a'\ndurability = 'some'",
            "server.toml:4:14: persist.kv.durability: ",
        ),
    ] {
        let place = Place::new(format!("[persist.kv]\n{part}\n"));
        let mistake = place.mistake();
        assert!(mistake.starts_with(expected), "{mistake}");
    }
}

#[test]
fn the_example_prints_the_same_on_files_and_on_sqlite() {
    let printed = [FS, SQLITE].map(|toml| {
        let place = Place::new(toml);
        let output = example("files", &place.toml()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    });
    assert!(printed[0].contains("song.txt (1000000)"), "{}", printed[0]);
    assert_eq!(printed[0], printed[1]);
}
