//! Settings that are wrong, and servers that are not as they should be: each says so, without the
//! secret.

use std::time::Duration;

use persist_core::column::{Integer, Text};
use persist_core::{Durability, Error, ErrorKind, Result, Table};
use persist_pgsql::{Options, Tls};
use persist_servers::Postgres;

use crate::support::{Sql, at, connect, fails, fresh, told};

const SECRET: &str = "s3cr3t";

/// That opening fails because of a setting, and shows no secret in any form.
async fn refused(options: Options, parts: &[&str]) -> Error {
    let shown = format!("{options:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    let error = fails(options.open().await, ErrorKind::Config, parts);
    assert!(!format!("{error:?}{}", told(&error)).contains(SECRET), "{error:?}");
    error
}

#[tokio::test]
async fn settings_that_contradict_each_other() {
    let url = format!("postgres://u:{SECRET}@localhost/d");
    let with = || Options::new().url(&*url);
    refused(with().host("h"), &["`url`", "`host`"]).await;
    refused(with().port(1), &["`url`", "`port`"]).await;
    refused(with().user("u"), &["`url`", "`user`"]).await;
    refused(with().password(SECRET), &["`url`", "`password`"]).await;
    refused(with().database("d"), &["`url`", "`database`"]).await;
    refused(with().unix_domain_socket_dir("/x"), &["`url`", "`unix_domain_socket_dir`"]).await;
    let socket = || Options::new().unix_domain_socket_dir("/x");
    refused(socket().host("h"), &["`host`", "`unix_domain_socket_dir`"]).await;
    refused(socket().tls(Tls::Require), &["Unix socket", "`tls`"]).await;
    let certified = Options::new().root_certificate("/x").tls(Tls::Require);
    refused(certified, &["`root_certificate`", "`tls`", "verify-full"]).await;
    refused(Options::new().pgbouncer(true).listen(true), &["`listen`", "`pgbouncer`"]).await;
}

#[tokio::test]
async fn settings_that_are_out_of_range() {
    refused(Options::new().size_conn_pool(1), &["`size_conn_pool`", "at least 2"]).await;
    refused(Options::new().snapshots(0), &["`snapshots`", "at least 1"]).await;
    refused(Options::new().schema(""), &["`schema`"]).await;
    refused(Options::new().schema("x".repeat(64)), &["`schema`", "63 bytes"]).await;
    refused(Options::new().connect_timeout(Duration::ZERO), &["`connect_timeout`"]).await;
    for url in [format!("mysql://u:{SECRET}@h"), format!("postgres://u:{SECRET}@h:port/d")] {
        refused(Options::new().url(url), &["`url`", "postgres://"]).await;
    }
    let odd = format!("postgres://h/d?passwd={SECRET}");
    refused(Options::new().url(odd), &["`url`", "parameter", "sslmode"]).await;
}

#[tokio::test]
async fn a_server_that_wants_another_password() {
    let server = Postgres::builder().password("right").tcp().start().unwrap();
    let with = |password: &str| {
        let options = Options::new().host("127.0.0.1").port(server.port());
        options.user("postgres").password(password).database("postgres")
    };
    let error = refused(with(SECRET), &["password", "`user`", "127.0.0.1", "\"postgres\""]).await;
    assert!(!error.is_retryable());
    with("right").open().await.unwrap().close().await.unwrap();
    let url = format!("postgres://postgres:{SECRET}@127.0.0.1:{}/postgres", server.port());
    refused(Options::new().url(url), &["password"]).await;
    refused(with("right").database("none"), &["no such database", "`createdb`", "none"]).await;
    refused(with("right").user("nobody"), &["refused"]).await;
}

#[tokio::test]
async fn rights_that_are_missing() {
    let (role, schema) = (fresh("role"), fresh("rights"));
    let mut sql = connect().await;
    sql.run(format!("CREATE ROLE {role} LOGIN")).await;
    let url = Postgres::shared_url().unwrap();
    let Some((_, place)) = url.split_once('@') else { panic!("{url}") };
    let as_role = |schema: &str| at(&format!("postgres://{role}@{place}"), schema);
    refused(as_role(&schema), &["lacks the right", "`schema`", &schema]).await;
    sql.run(format!("CREATE SCHEMA {schema} AUTHORIZATION {role}")).await;
    let store = as_role(&schema).open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    sql.run(format!(
        "ALTER TABLE {schema}.t OWNER TO postgres; REVOKE ALL ON {schema}.t FROM {role}"
    ))
    .await;
    fails(table.get("a").await, ErrorKind::Config, &["lacks the right", "\"t\""]);
    fails(table.insert("a", 2).await, ErrorKind::Config, &["lacks the right", "\"t\""]);
    sql.run(format!("DROP SCHEMA {schema} CASCADE; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text() {
    let database = fresh("latin");
    let mut sql = connect().await;
    let c = "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'";
    sql.run(format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'LATIN1' {c}")).await;
    let url = Postgres::shared_url().unwrap();
    let Some((server, _)) = url.rsplit_once('/') else { panic!("{url}") };
    refused(at(&format!("{server}/{database}"), "public"), &["LATIN1", "UTF8"]).await;
    sql.run(format!("DROP DATABASE {database} WITH (FORCE)")).await;
}

#[tokio::test]
async fn a_server_that_does_not_sync() {
    for setting in ["fsync", "full_page_writes"] {
        let server = Postgres::builder().setting(setting, "off").start().unwrap();
        refused(at(&server.url(), "public"), &[setting, "durability", "relaxed"]).await;
        let relaxed = at(&server.url(), "public").durability(Durability::Relaxed);
        relaxed.open().await.unwrap().close().await.unwrap();
    }
}

/// What the sessions of a store run with, whatever the server's defaults are.
#[tokio::test]
async fn durability_is_what_was_asked_for() -> Result<()> {
    let server = Postgres::builder().setting("synchronous_commit", "off").start().unwrap();
    let mut sql = Sql::to(&server.url()).await;
    sql.run(
        "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN NEW.value = current_setting('synchronous_commit'); RETURN NEW; END $$",
    )
    .await;
    for (durability, expected) in [(Durability::Full, "on"), (Durability::Relaxed, "off")] {
        for pgbouncer in [false, true] {
            let options = at(&server.url(), &fresh("durable")).pgbouncer(pgbouncer);
            let store = options.clone().durability(durability).open().await?;
            let table: Table<Text, Text> = store.table("t").await?;
            let found = sql
                .text("SELECT table_schema FROM information_schema.tables WHERE table_name = 't'")
                .await;
            sql.run(format!(
                "CREATE TRIGGER seen BEFORE INSERT ON {found}.t FOR EACH ROW EXECUTE FUNCTION seen()"
            ))
            .await;
            table.insert("a", "").await?;
            assert_eq!(table.get("a").await?.as_deref(), Some(expected), "{durability:?}");
            store.drop_table("t").await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn tls_never_falls_back() {
    let plain = Postgres::builder().tcp().start().unwrap();
    let to = |server: &Postgres, host: &str| {
        Options::new().host(host).port(server.port()).user("postgres").database("postgres")
    };
    for tls in [Tls::Require, Tls::VerifyCa, Tls::VerifyFull] {
        refused(to(&plain, "127.0.0.1").tls(tls), &["TLS", "`tls`"]).await;
    }
    to(&plain, "127.0.0.1").tls(Tls::Prefer).open().await.unwrap();
    let secure = Postgres::builder().ssl().start().unwrap();
    let certificate = secure.certificate().unwrap();
    refused(to(&secure, "localhost").tls(Tls::VerifyFull), &["TLS"]).await;
    let known = to(&secure, "localhost").root_certificate(certificate);
    let store = known.clone().open().await.unwrap();
    let table: Table<Text, Integer> = store.table("t").await.unwrap();
    table.insert("a", 1).await.unwrap();
    let mut sql = Sql::to(&secure.url()).await;
    let ssl = "SELECT DISTINCT ssl::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
               WHERE application_name = 'persist'";
    assert_eq!(sql.texts(ssl).await, ["true"]);
    refused(
        to(&secure, "localhost").root_certificate("/nowhere.pem"),
        &["`root_certificate`", "/nowhere.pem"],
    )
    .await;
    refused(to(&secure, "localhost").tls(Tls::Disable), &["refused", "`tls`"]).await;
}

#[tokio::test]
async fn nothing_answers() {
    let options = Options::new().host("127.0.0.1").port(1).user("u").password(SECRET);
    let options = options.acquire_timeout(Duration::from_millis(200));
    let error = fails(
        options.open().await,
        ErrorKind::Unavailable,
        &["`acquire_timeout` (200ms)", "127.0.0.1:1", "\"ocsipersist\"", "user \"u\""],
    );
    assert!(error.is_retryable());
    assert!(!format!("{error:?}").contains(SECRET));
}
