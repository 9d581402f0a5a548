//! PostgreSQL, chosen by a file, on a real server.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use persist_servers::Postgres;

use crate::counter::COUNTER;
use crate::support::Place;

fn section(server: &Postgres, more: &str) -> String {
    format!(
        "[persist]\nbackend = 'pgsql'\n[persist.pgsql]\nhost = '127.0.0.1'\nport = {}\n\
         user = 'postgres'\npassword = {{ file = 'password' }}\ndatabase = 'postgres'\n{more}",
        server.port()
    )
}

fn start(config: &Path) -> Child {
    let mut command = Command::new(&*COUNTER);
    command.arg("--config").arg(config).current_dir("/");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn number(output: &Output) -> u64 {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap().trim_end().parse().unwrap()
}

#[test]
fn the_counter_of_many_processes_on_a_database_that_none_has_used() {
    let server = Postgres::builder().tcp().password("open").max_connections(300).start().unwrap();
    let place = Place::new(section(&server, "schema = 'counters'\nsize_conn_pool = 4\n"));
    place.write("password", "open\n");
    for run in 0..3 {
        let children: Vec<_> = (0..8).map(|_| start(&place.toml())).collect();
        let numbers = children.into_iter().map(|child| number(&child.wait_with_output().unwrap()));
        assert_eq!(numbers.collect::<BTreeSet<_>>(), (run * 8 + 1..=run * 8 + 8).collect());
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let server = Postgres::builder().tcp().password("open").start().unwrap();
    let place = Place::new(section(&server, ""));
    place.write("password", "s3cr3t");
    let error = place.load().unwrap().open().await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains("refused the password") && !told.contains("s3cr3t"), "{told}");
}

#[test]
fn mistakes_in_its_section() {
    let mistake = |lines: &str| {
        let toml = format!("[persist]\nbackend = 'pgsql'\n[persist.pgsql]\n{lines}\n");
        Place::new(toml).mistake()
    };
    assert_eq!(
        mistake("hots = 'a'"),
        "server.toml:4:1: persist.pgsql.hots: unknown key; did you mean \"host\"?"
    );
    assert_eq!(
        mistake("port = 'a'"),
        "server.toml:4:8: persist.pgsql.port: expected a whole number from 0 on, found a string"
    );
    assert_eq!(
        mistake("tls = 'maybe'"),
        "server.toml:4:7: persist.pgsql.tls: unknown value \"maybe\"; expected \"disable\", \
         \"prefer\", \"require\", \"verify-ca\" or \"verify-full\""
    );
    let told = mistake("password = 5");
    assert!(told.starts_with("server.toml:4:12: persist.pgsql.password: expected"), "{told}");
}
