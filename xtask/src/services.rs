//! The servers that the tests of some backends need: started here, private, and gone with us.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, thread};

use persist_servers::{Postgres, Redis, Server};

use crate::Result;
use crate::backends::Backend;

/// The package of the servers themselves, whose tests need all of them.
pub(crate) const PACKAGE: &str = "persist-servers";

/// The variable that tells tests where PostgreSQL is.
const POSTGRES: &str = "PERSIST_PG_URL";

/// Servers that run until this is dropped, or until the process ends in any other way.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// What the tests are told.
    variables: Vec<(&'static str, String)>,
    /// Held, for it stops when it is dropped.
    postgres: Option<Postgres>,
}

impl Services {
    /// Starts what these backends need, one server of a kind for all of them. What is not
    /// installed is installed if we may, and an error with the command otherwise. A server that
    /// the environment names is used as it is.
    pub(crate) fn start(backends: &[Backend]) -> Result<Self> {
        let mut services = Self::default();
        if needs(backends, Server::Postgres) && env::var_os(POSTGRES).is_none() {
            Server::Postgres.ensure_installed()?;
            let postgres = Postgres::builder().for_tests().start()?;
            services.variables.push((POSTGRES, postgres.url()));
            services.postgres = Some(postgres);
        }
        Ok(services)
    }

    /// What [`start`](Self::start) does for a whole run, which `left_out` takes no part in.
    pub(crate) fn start_for_all(chosen: &[Backend], left_out: &[Backend]) -> Result<Self> {
        if own_tests(left_out) {
            Server::ALL.into_iter().try_for_each(Server::ensure_installed)?;
        }
        Self::start(chosen)
    }

    /// Tells the command where they are.
    pub(crate) fn reach(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

/// Whether the servers' own tests are to run: not if somebody left out a backend that needs a
/// server, who may not have it.
pub(crate) fn own_tests(left_out: &[Backend]) -> bool {
    left_out.iter().all(|backend| backend.needs.is_empty())
}

/// Whether one of the backends cannot be tested without this server.
fn needs(backends: &[Backend], server: Server) -> bool {
    backends.iter().any(|backend| backend.needs.contains(&server))
}

/// What `cargo xtask services` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Starts every server, says how to reach them, and keeps them until the process is ended.
pub(crate) fn run(_: &Args) -> Result<ExitCode> {
    let postgres = Postgres::builder().for_tests().start()?;
    let (directory, port) = (postgres.socket_dir(), postgres.port());
    let section = section(directory, port, postgres.user(), postgres.database());
    println!("# PostgreSQL {}\n{section}", Postgres::version()?);
    println!("export {POSTGRES}='{}'\n", postgres.url());
    // No backend needs it yet, so that it is missing stops nobody.
    let redis = match Server::Redis.check() {
        Ok(()) => Some(Redis::start()?),
        Err(missing) => {
            println!("# {missing}");
            None
        }
    };
    if let Some(redis) = &redis {
        println!("# Redis\n# {}\n", redis.url());
    }
    println!("# They run until Ctrl-C, and leave nothing behind.");
    loop {
        thread::park();
    }
}

/// The lines of a configuration file that choose a server.
fn section(directory: &Path, port: u16, user: &str, database: &str) -> String {
    let directory = directory.display();
    format!(
        "[persist]\nbackend = \"pgsql\"\n\n[persist.pgsql]\n\
         unix_domain_socket_dir = \"{directory}\"\nport = {port}\nuser = \"{user}\"\n\
         database = \"{database}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Backend = Backend { name: "a", in_config: true, package: "p-a", needs: &[] };
    const SERVED: Backend = Backend { name: "b", needs: &[Server::Postgres], ..PLAIN };

    #[test]
    fn nothing_is_started_for_backends_that_need_nothing() {
        let services = Services::start_for_all(&[PLAIN], &[SERVED]).unwrap();
        assert!(services.variables.is_empty() && services.postgres.is_none());
    }

    #[test]
    fn commands_are_told_where_the_servers_are() {
        let variables = vec![(POSTGRES, "postgres://here/it'is".to_owned())];
        let mut shell = Command::new("sh");
        Services { variables, postgres: None }.reach(&mut shell);
        let output = shell.args(["-c", "printf %s \"$PERSIST_PG_URL\""]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "postgres://here/it'is");
    }

    #[test]
    fn whoever_leaves_a_server_out_need_not_have_it() {
        assert!(own_tests(&[]) && own_tests(&[PLAIN]));
        assert!(!own_tests(&[PLAIN, SERVED]));
    }

    #[test]
    fn the_section_is_a_whole_configuration() {
        let expected = "[persist]\nbackend = \"pgsql\"\n\n[persist.pgsql]\n\
             unix_domain_socket_dir = \"/tmp/s\"\nport = 5432\nuser = \"u\"\ndatabase = \"d\"\n";
        assert_eq!(section(Path::new("/tmp/s"), 5432, "u", "d"), expected);
    }
}
