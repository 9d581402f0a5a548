//! PostgreSQL: starting, crashing and what can be chosen.

use std::process::Command;

use persist_servers::{Error, Postgres};

use crate::owner::{runs, wait_until};

#[test]
fn a_crash_loses_no_committed_row_and_spares_no_process() {
    let server = Postgres::start().unwrap();
    assert_eq!(server.psql("SHOW fsync").unwrap(), "on");
    server.psql("CREATE TABLE t (n int); INSERT INTO t VALUES (7)").unwrap();
    let pids = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
    let children = server.psql(pids).unwrap();
    let pid = server.pid().unwrap().to_string();
    assert!(!children.is_empty());

    server.kill().unwrap();
    assert_eq!(server.pid(), None);
    for process in children.lines().chain([pid.as_str()]) {
        assert!(!runs(process), "{process} is alive");
    }
    assert!(server.psql("SELECT 1").is_err());
    assert!(server.kill().is_err() && server.stop().is_err());

    let (port, dir) = (server.port(), server.socket_dir().to_owned());
    server.restart().unwrap();
    assert_eq!((server.port(), server.socket_dir()), (port, &*dir));
    assert_eq!(server.psql("SELECT * FROM t").unwrap(), "7");
}

#[test]
fn a_stop_is_clean_and_a_restart_needs_none() {
    let server = Postgres::start().unwrap();
    server.psql("CREATE TABLE t (n int)").unwrap();
    server.stop().unwrap();
    server.restart().unwrap();
    let first = server.pid();
    server.restart().unwrap();
    assert_ne!(server.pid(), first);
    assert_eq!(server.psql("SELECT count(*) FROM t").unwrap(), "0");
    let log = std::fs::read_to_string(server.socket_dir().join("log")).unwrap();
    assert!(!log.contains("not properly shut down"), "{log}");
}

#[test]
fn nothing_is_left_of_a_dropped_server() {
    for kill in [false, true] {
        let server = Postgres::start().unwrap();
        let dir = server.socket_dir().to_owned();
        let pid = server.pid().unwrap().to_string();
        let status = std::fs::read_to_string(dir.join("data/postmaster.pid")).unwrap();
        let memory = status.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
        assert!(has_memory(&memory));
        if kill {
            server.kill().unwrap();
        }
        drop(server);
        assert!(!dir.exists() && !runs(&pid));
        assert!(!has_memory(&memory), "a segment of shared memory is left");
    }
}

fn has_memory(segment: &str) -> bool {
    let output = Command::new("ipcs").arg("-m").output().unwrap();
    let listing = String::from_utf8(output.stdout).unwrap();
    listing.lines().any(|line| line.split_whitespace().nth(1) == Some(segment))
}

#[test]
fn databases_locales_encodings_and_settings_can_be_chosen() {
    let server = Postgres::builder()
        .max_connections(33)
        .fsync(false)
        .setting("application_name", "it's \\ a name")
        .initdb_args(["--locale-provider=icu", "--icu-locale=en-US"])
        .start()
        .unwrap();
    let show = |name| server.psql(&format!("SHOW {name}")).unwrap();
    assert_eq!(show("max_connections"), "33");
    assert_eq!(show("fsync"), "off");
    let name = "SELECT reset_val FROM pg_settings WHERE name = 'application_name'";
    // psql has a name of its own, which this one would give way to.
    assert_eq!(server.psql(name).unwrap(), "psql");
    let file = "SELECT setting FROM pg_file_settings WHERE name = 'application_name'";
    assert_eq!(server.psql(file).unwrap(), "it's \\ a name");
    assert_eq!(server.psql("SELECT 'a' < 'B'").unwrap(), "t", "sorts as English does");

    let extra = "TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'";
    server.create_database("an \"odd\" name", extra).unwrap();
    let inside = |sql| server.psql_in("an \"odd\" name", sql).unwrap();
    assert_eq!(inside("SHOW server_encoding"), "LATIN1");
    assert_eq!(inside("SELECT 'a' < 'B'"), "f");
}

#[test]
fn a_server_for_tests_has_room_and_another_order_than_bytes() {
    let version = Postgres::version().unwrap();
    let major: u32 = version.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    let server = Postgres::builder().for_tests().start().unwrap();
    assert_eq!(server.psql("SHOW max_connections").unwrap(), "400");
    assert_eq!(server.psql("SELECT 'a' < 'B'").unwrap() == "t", major >= 15);
}

#[test]
fn bad_settings_are_told_in_the_servers_words() {
    let error = Postgres::builder().setting("no_such_setting", 1).start().unwrap_err();
    assert!(matches!(error, Error::Failed(_)));
    assert!(error.to_string().contains("no_such_setting"), "{error}");
    let error = Postgres::builder().initdb_args(["--encoding=KLINGON"]).start().unwrap_err();
    assert!(error.to_string().contains("KLINGON"), "{error}");
    let server = Postgres::start().unwrap();
    let error = server.psql("SELECT 1; SELECT nonsense").unwrap_err().to_string();
    assert!(error.contains("nonsense"), "{error}");
}

#[test]
fn a_password_is_asked_for_and_never_shown() {
    let builder = Postgres::builder().user("odd@user").password("sesame/ö:?").tcp();
    assert!(!format!("{builder:?}").contains("sesame"));
    let server = builder.start().unwrap();
    assert!(!format!("{server:?}").contains("sesame"));
    assert_eq!(server.psql("SELECT current_user").unwrap(), "odd@user");
    let url = server.url();
    assert!(url.starts_with("postgres://odd%40user:sesame%2F%C3%B6%3A%3F@127.0.0.1:"), "{url}");
    assert_eq!(query(&url).unwrap(), "1");
    assert!(query(&url.replace("sesame", "barley")).unwrap_err().contains("password"));
}

#[test]
fn urls_lead_to_the_socket_and_to_tls() {
    let server = Postgres::start().unwrap();
    server.create_database("other", "").unwrap();
    assert_eq!(query(&server.url_for("other")).unwrap(), "1");
    assert_eq!(server.psql("SHOW listen_addresses").unwrap(), "");

    let server = Postgres::builder().ssl().start().unwrap();
    let root = server.certificate().unwrap().display().to_string();
    let verified = format!("{}?sslmode=verify-full&sslrootcert={root}", server.url());
    assert_eq!(query(&verified).unwrap(), "1");
    assert!(query(&format!("{}?sslmode=disable", server.url())).is_err());
}

#[test]
fn many_servers_start_at_once_on_ports_of_their_own() {
    let starting: Vec<_> =
        (0..4).map(|_| std::thread::spawn(|| Postgres::builder().tcp().start().unwrap())).collect();
    let servers: Vec<_> = starting.into_iter().map(|thread| thread.join().unwrap()).collect();
    for server in &servers {
        assert_eq!(query(&server.url()).unwrap(), "1");
        assert_eq!(server.psql("SHOW port").unwrap(), server.port().to_string());
    }
}

#[test]
fn backends_that_work_do_not_outlive_a_crash() {
    let server = Postgres::start().unwrap();
    let url = server.url();
    let busy = std::thread::spawn(move || {
        let mut psql = Command::new("psql");
        psql.args([&url, "-XAtc", "SELECT pg_sleep(600)"]).output().unwrap().status.success()
    });
    let pids = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%sleep(600)'";
    let mut pid = String::new();
    wait_until("the client is busy", || {
        pid = server.psql(&format!("{pids} AND pid <> pg_backend_pid()")).unwrap();
        !pid.is_empty()
    });
    assert!(runs(&pid));
    server.kill().unwrap();
    assert!(!runs(&pid));
    assert!(!busy.join().unwrap());
}

/// Asks with another client of libpq than the handle's own.
fn query(url: &str) -> Result<String, String> {
    let mut psql = Command::new("psql");
    let output = psql.args([url, "-XAtwc", "SELECT 1"]).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
