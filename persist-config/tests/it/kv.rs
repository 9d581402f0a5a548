//! Hierarchical keys, from the section that says where they are.

use persist_core::kv::Kv;

use crate::support::Place;

const SQLITE: &str = "[persist]\nbackend = 'sqlite'\n[persist.sqlite]\nfile = 'store.sqlite'\n";

async fn use_once(kv: Kv) {
    kv.set("runs/n", kv.get("runs/n").await.map_or(1, |n| n.len() + 1).to_string()).await.unwrap();
    kv.disconnect().await;
}

#[tokio::test]
async fn they_are_in_the_store_unless_told_otherwise() {
    for part in
        ["", "[persist.kv]\n", "[persist.kv]\nbackend = 'table'\nname = 'kv'\nlease = '1m'\n"]
    {
        let place = Place::new(format!("{SQLITE}{part}"));
        use_once(persist_config::open_kv(place.toml()).await.unwrap()).await;
        // With the keys, the store was closed; another one finds what they left.
        let store = persist_config::open(place.toml()).await.unwrap();
        assert_eq!(Kv::open(&store, "kv").await.unwrap().get("runs/n").await.unwrap(), b"1");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn stores_of_different_names_are_apart() {
    let place = Place::new(SQLITE);
    use_once(place.load().unwrap().open_kv().await.unwrap()).await;
    let other = Place::new(format!("{SQLITE}[persist.kv]\nname = 'other'\n"));
    std::fs::copy(place.path("store.sqlite"), other.path("store.sqlite")).unwrap();
    let kv = other.load().unwrap().open_kv().await.unwrap();
    assert!(kv.list("").await.unwrap().is_empty());
    kv.disconnect().await;
}

#[test]
fn mistakes_name_their_place() {
    for (part, expected) in [
        ("kv = 1", "server.toml:3:6: persist.kv: expected a section, found an integer"),
        (
            "kv.backend = 'tabel'",
            r#"server.toml:3:14: persist.kv.backend: unknown backend "tabel"; did you mean "table"?"#,
        ),
        ("kv.nam = 'a'", r#"server.toml:3:4: persist.kv.nam: unknown key; did you mean "name"?"#),
    ] {
        let place = Place::new(format!("[persist]\nbackend = 'mem'\n{part}\n"));
        assert_eq!(place.mistake(), expected);
    }
}
