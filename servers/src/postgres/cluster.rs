//! The files of a server, and starting it on them.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::builder::Builder;
use super::{PATIENCE, certificate};
use crate::account::Account;
use crate::keeper::{Keeping, Kept};
use crate::place::Place;
use crate::processes;
use crate::programs::{self, Postgres as Programs};
use crate::{Error, Result, port};

/// A cluster, as PostgreSQL calls the databases of one server.
pub(super) struct Cluster {
    pub(super) programs: Programs,
    pub(super) place: Place,
    pub(super) port: u16,
    pub(super) tcp: bool,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) certificate: Option<PathBuf>,
    account: Account,
}

impl Cluster {
    /// Makes the files and starts the server.
    pub(super) fn create(builder: &Builder) -> Result<(Self, Kept)> {
        let programs = Programs::find()?;
        let account = Account::for_postgres()?;
        let place = Place::new("persist-pg-", account)?;
        let mut cluster = Self {
            programs,
            place,
            // The name of a socket in a directory of its own clashes with nobody's.
            port: 5432,
            tcp: builder.tcp,
            user: builder.user.clone(),
            password: builder.password.clone(),
            certificate: None,
            account,
        };
        cluster.initialise(builder)?;
        for _ in 1..port::TRIES {
            if cluster.tcp {
                cluster.port = port::free()?;
            }
            match cluster.start() {
                Err(Error::Failed(words)) if cluster.tcp && port::was_taken(&words) => {
                    let log = cluster.place.log();
                    fs::write(&log, "").map_err(|error| Error::io("empty the log", error))?;
                }
                started => return started.map(|kept| (cluster, kept)),
            }
        }
        let kept = cluster.start()?;
        Ok((cluster, kept))
    }

    /// Starts the server and waits until it takes connections.
    pub(super) fn start(&self) -> Result<Kept> {
        let mut command = programs::undisturbed(&self.programs.server);
        command.arg("-D").arg(self.data()).arg("-k").arg(self.place.path());
        command.arg("-p").arg(self.port.to_string());
        command.args(["-h", if self.tcp { "127.0.0.1" } else { "" }]);
        let kept = Kept::spawn(&command, self.keeping("QUIT"))?;
        let number = kept.pid().as_raw_nonzero().to_string();
        let ready = || {
            let status = self.status();
            let mut lines = status.lines();
            lines.next() == Some(&number) && lines.any(|line| line.trim_end() == "ready")
        };
        processes::until(PATIENCE, || ready() || kept.ended());
        if ready() { Ok(kept) } else { Err(self.failure("PostgreSQL did not start")) }
    }

    /// Gives back the System V memory that a killed server leaves behind; a server that starts in
    /// the same directory would.
    pub(super) fn free_memory(&self) {
        let status = self.status();
        let segment = status.lines().nth(6).and_then(|line| line.split_whitespace().nth(1));
        if let Some(segment) = segment {
            let mut command = std::process::Command::new("ipcrm");
            // It is a few bytes: what cannot be given back stays until the machine restarts.
            drop(command.args(["-m", segment]).output());
        }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.place.file("data")
    }

    fn initialise(&mut self, builder: &Builder) -> Result<()> {
        let mut command = programs::undisturbed(&self.programs.initdb);
        command.arg("-D").arg(self.data()).arg("-U").arg(&self.user);
        // What is not synced yet is when the server's first checkpoint has passed.
        command.args(["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"]);
        let secret = self.place.file("password");
        if let Some(password) = &self.password {
            self.write(&secret, password)?;
            command.arg("--pwfile").arg(&secret);
        }
        command.args(["-A", self.method()]).args(&builder.initdb);
        let status = Kept::spawn(&command, self.keeping("TERM"))?.wait(PATIENCE)?;
        if self.password.is_some() {
            fs::remove_file(&secret).map_err(|error| Error::io("remove the password", error))?;
        }
        if !status.success() {
            return Err(self.failure("initdb failed"));
        }
        self.configure(builder)
    }

    fn configure(&mut self, builder: &Builder) -> Result<()> {
        // Memory that is shared for a while lies in the directory, and so goes with it.
        let mut lines = vec![line("dynamic_shared_memory_type", "mmap")];
        if builder.ssl {
            let (certificate, key) = certificate::create(self.place.path())?;
            self.account.owns(&key)?;
            self.account.owns(&certificate)?;
            lines.push(line("ssl", "on"));
            lines.push(line("ssl_cert_file", certificate.display()));
            lines.push(line("ssl_key_file", key.display()));
            self.certificate = Some(certificate);
        }
        lines.extend(builder.settings.iter().map(|(name, value)| line(name, value)));
        let settings = self.data().join("postgresql.conf");
        let append = OpenOptions::new().append(true).open(&settings);
        append
            .and_then(|mut file| file.write_all(lines.concat().as_bytes()))
            .map_err(|error| Error::io(format_args!("write {}", settings.display()), error))?;

        let (host, method) = (if builder.ssl { "hostssl" } else { "host" }, self.method());
        let rules = format!("local all all {method}\n{host} all all 127.0.0.1/32 {method}\n");
        self.write(&self.data().join("pg_hba.conf"), &rules)
    }

    /// How clients prove who they are.
    fn method(&self) -> &'static str {
        if self.password.is_some() { "scram-sha-256" } else { "trust" }
    }

    /// What the server tells of itself: its number in the first line, whether it is ready in the
    /// last, and between them what it uses.
    fn status(&self) -> String {
        fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default()
    }

    fn write(&self, file: &Path, text: &str) -> Result<()> {
        fs::write(file, text)
            .map_err(|error| Error::io(format_args!("write {}", file.display()), error))?;
        self.account.owns(file)
    }

    fn keeping(&self, last_signal: &'static str) -> Keeping<'_> {
        Keeping { account: self.account, place: &self.place, last_signal }
    }

    fn failure(&self, what: &str) -> Error {
        Error::Failed(format!("{what}:\n{}", self.place.last_words()))
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, port, user, .. } = self;
        let mut debug = f.debug_struct("Cluster");
        debug.field("place", place).field("port", port).field("user", user).finish_non_exhaustive()
    }
}

/// A line of settings; the value is quoted as PostgreSQL wants it.
fn line(name: &str, value: impl fmt::Display) -> String {
    let quoted = value.to_string().replace('\\', "\\\\").replace('\'', "''");
    format!("{name} = '{quoted}'\n")
}
