//! Stores that a file opens, and where they lie.

use std::os::unix::fs::symlink;

use persist_config::Config;
use persist_core::Ref;

use crate::support::{Place, use_once};

const SQLITE: &str = "[server]\nlisten = 1\n[persist]\nbackend = 'sqlite'\ndurability = 'relaxed'\n\
    [persist.sqlite]\nfile = 'data.sqlite'\ndurability = 'full'\n";

#[tokio::test]
async fn memory_needs_no_section() {
    let place = Place::new("\u{feff}[persist]\nbackend = 'mem'\ndurability = 'full'\n");
    use_once(&place.load().unwrap()).await;
    assert_eq!(place.files(), ["server.toml"]);
}

#[tokio::test]
async fn two_stores_from_one_file() {
    let place = Place::new(format!(
        "{SQLITE}[cache]\nbackend = 'sqlite'\n[cache.sqlite]\nfile = 'cache.sqlite'\n"
    ));
    let store = persist_config::open(place.toml()).await.unwrap();
    let cache = persist_config::open_section(place.toml(), "cache").await.unwrap();
    let one = Ref::persistent(&store, "n", 1u64).await.unwrap();
    let two = Ref::persistent(&cache, "n", 2u64).await.unwrap();
    assert_eq!((one.get().await.unwrap(), two.get().await.unwrap()), (1, 2));
    store.close().await.unwrap();
    cache.close().await.unwrap();
    assert!(place.path("data.sqlite").is_file());
    assert!(place.path("cache.sqlite").is_file());
}

#[tokio::test]
async fn a_store_keeps_its_values_from_one_opening_to_the_next() {
    let place = Place::new(SQLITE);
    use_once(&place.load().unwrap()).await;
    let store = place.load().unwrap().open().await.unwrap();
    let runs = Ref::persistent(&store, "runs", 0u64).await.unwrap();
    assert_eq!(runs.get().await.unwrap(), 1);
    store.close().await.unwrap();
}

#[tokio::test]
async fn paths_begin_at_the_named_directory_also_through_links() {
    let place = Place::new("");
    place.write("versions/one/server.toml", SQLITE);
    std::fs::create_dir(place.path("etc")).unwrap();
    symlink("../versions/one/server.toml", place.path("etc/server.toml")).unwrap();
    symlink("versions/one", place.path("current")).unwrap();

    use_once(&Config::load(place.path("etc/server.toml")).unwrap()).await;
    assert!(place.path("etc/data.sqlite").is_file());
    assert!(!place.path("versions/one/data.sqlite").exists());

    use_once(&Config::load(place.path("etc/../current/server.toml")).unwrap()).await;
    assert!(place.path("versions/one/data.sqlite").is_file());
}

#[tokio::test]
async fn paths_may_begin_elsewhere_or_be_absolute() {
    let place = Place::new(SQLITE);
    std::fs::create_dir(place.path("var")).unwrap();
    use_once(&place.load().unwrap().relative_to(place.path("var"))).await;
    assert!(place.path("var/data.sqlite").is_file());

    let absolute = place.path("absolute.sqlite");
    let toml = SQLITE.replace("data.sqlite", absolute.to_str().unwrap());
    use_once(&Config::from_toml(&toml).unwrap().relative_to("/nowhere")).await;
    assert!(absolute.is_file());
}

#[tokio::test]
async fn every_option_may_be_written() {
    let place = Place::new(format!(
        "{SQLITE}busy_timeout = '2s 500ms'\ncache_size = '8MiB'\nmmap_size = 0\nreaders = 0x2\n\
         snapshots = 3\nsnapshot_max_age = '1min'\ncreate = true\nread_only = false\n\
         [persist.mem]\n[persist.redis]\nurl = 'redis://localhost'\n"
    ));
    use_once(&place.load().unwrap()).await;
}

#[test]
fn opening_can_be_spawned() {
    fn spawned<F: Future + Send>(_: F) {}
    let config = Config::from_toml("persist.backend = 'mem'").unwrap();
    spawned(persist_config::open("server.toml"));
    spawned(persist_config::open_section("server.toml", "cache"));
    spawned(config.open());
}
