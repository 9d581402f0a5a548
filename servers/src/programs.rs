//! Where the programs of the servers are.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::{Error, Result, Server};

/// Where Debian keeps PostgreSQL's programs, by version: they are on nobody's `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one installation of PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    pub(crate) initdb: PathBuf,
    pub(crate) server: PathBuf,
    pub(crate) psql: PathBuf,
}

impl Postgres {
    /// The first installation on `PATH`, or else Debian's newest.
    pub(crate) fn find() -> Result<Self> {
        Self::find_in(&search_path(), Path::new(DEBIAN))
    }

    /// The version as the server tells it, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub(crate) fn version(&self) -> Result<String> {
        let output = undisturbed(&self.server).arg("--version").output();
        let output = output.map_err(|error| Error::io("ask postgres for its version", error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.trim().trim_start_matches("postgres (PostgreSQL) ").to_owned())
    }

    fn find_in(path: &OsStr, debian: &Path) -> Result<Self> {
        let missing = |program| Error::Missing { server: Server::Postgres, program };
        let directories = || env::split_paths(path).chain(versions(debian));
        // One directory must have both: versions do not mix.
        let home = directories()
            .find(|directory| ["initdb", "postgres"].iter().all(|p| directory.join(p).is_file()))
            .ok_or(missing("initdb"))?;
        let server = home.join("postgres");
        // Debian's `psql` on `PATH` is a script that chooses a version; the real one is quicker.
        let real = fs::canonicalize(&server).ok();
        let beside = real.iter().filter_map(|program| program.parent()).map(Path::to_owned);
        let psql = beside
            .chain(directories())
            .map(|directory| directory.join("psql"))
            .find(|psql| psql.is_file())
            .ok_or(missing("psql"))?;
        Ok(Self { initdb: home.join("initdb"), server, psql })
    }
}

/// Redis's only program.
pub(crate) fn redis() -> Result<PathBuf> {
    on_path("redis-server").ok_or(Error::Missing { server: Server::Redis, program: "redis-server" })
}

/// A program on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// A command that no setting of the user's own PostgreSQL reaches, and that speaks English.
pub(crate) fn undisturbed(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
    command
}

fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

/// The `bin` directories below `/usr/lib/postgresql`, newest version first.
fn versions(debian: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(debian).into_iter().flatten().flatten();
    let version = |name: OsString| name.to_str()?.parse::<u32>().ok();
    let mut found: Vec<_> =
        entries.filter_map(|entry| Some((version(entry.file_name())?, entry.path()))).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, home)| home.join("bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(directory: &Path, programs: &[&str]) {
        fs::create_dir_all(directory).unwrap();
        for program in programs {
            fs::write(directory.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_path_comes_first_then_the_newest_of_debian() {
        let root = tempfile::tempdir().unwrap();
        let (path, debian) = (root.path().join("path"), root.path().join("debian"));
        for version in ["9", "15", "16"] {
            install(&debian.join(version).join("bin"), &["initdb", "postgres", "psql"]);
        }
        install(&debian.join("17/bin"), &["postgres", "psql"]);
        install(&path, &["psql"]);
        let newest = Postgres::find_in(path.as_os_str(), &debian).unwrap();
        assert_eq!(newest.initdb, debian.join("16/bin/initdb"));
        let real = |p: &Path| fs::canonicalize(p).unwrap();
        assert_eq!(real(&newest.psql), real(&debian.join("16/bin/psql")));
        install(&path, &["initdb", "postgres"]);
        let on_path = Postgres::find_in(path.as_os_str(), &debian).unwrap();
        assert_eq!(on_path.server, path.join("postgres"));
    }

    #[test]
    fn what_is_missing_is_told_with_the_command_that_installs_it() {
        let root = tempfile::tempdir().unwrap();
        let error = Postgres::find_in(root.path().as_os_str(), root.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "PostgreSQL is not installed (no program `initdb`); \
             install it with `apt-get install -y postgresql`"
        );
        install(root.path(), &["initdb", "postgres"]);
        let error = Postgres::find_in(root.path().as_os_str(), root.path()).unwrap_err();
        assert!(error.to_string().contains("`psql`"), "{error}");
    }
}
