//! What is said of backends that are left out of the build.

use persist_config::Config;

#[test]
fn a_backend_that_is_not_compiled_in_names_its_feature() {
    for (name, compiled_in) in [
        ("mem", cfg!(feature = "mem")),
        ("sqlite", cfg!(feature = "sqlite")),
        ("dbm", cfg!(feature = "dbm")),
        ("pgsql", cfg!(feature = "pgsql")),
    ] {
        let toml = format!("[persist]\nbackend = \"{name}\"\n[persist.{name}]\nx.y = 1\n");
        let told = Config::from_toml(&toml).unwrap_err().to_string();
        if compiled_in {
            assert!(told.starts_with(&format!("line 4, column 1: persist.{name}.x: unknown key")));
            continue;
        }
        assert_eq!(
            told,
            format!(
                "line 2, column 11: persist.backend: the backend \"{name}\" is not compiled in; \
                 turn on the feature \"{name}\" of persist-config"
            ),
        );
    }
}
