//! Looking into a server with its own client.

use std::io::Write;
use std::process::Stdio;

use super::{DATABASE, Postgres};
use crate::programs;
use crate::{Error, Result};

impl Postgres {
    /// Runs the statements with `psql`, which knows nothing of persist: the rows as lines, their
    /// columns parted by `|`.
    ///
    /// # Errors
    ///
    /// What `psql` said of the first statement that failed.
    pub fn psql(&self, sql: &str) -> Result<String> {
        self.psql_in(DATABASE, sql)
    }

    /// [`psql`](Self::psql) in another database.
    ///
    /// # Errors
    ///
    /// What `psql` said of the first statement that failed.
    pub fn psql_in(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = programs::undisturbed(&self.cluster.programs.psql);
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", self.user(), "-d", database]);
        command.arg("-h").arg(self.socket_dir()).arg("-p").arg(self.port().to_string());
        if let Some(password) = &self.cluster.password {
            command.env("PGPASSWORD", password);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let cannot = |error| Error::io("run psql", error);
        let mut child = command.spawn().map_err(cannot)?;
        // One that could not connect does not read; its own words say more than a broken pipe.
        let written = child.stdin.take().map(|mut pipe| pipe.write_all(sql.as_bytes()));
        let output = child.wait_with_output().map_err(cannot)?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Failed(format!("psql failed: {}", words.trim())));
        }
        written.transpose().map_err(cannot)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    /// Makes a database; `extra` stands behind its name in `CREATE DATABASE`, such as
    /// `"TEMPLATE template0 ENCODING 'LATIN1'"`.
    ///
    /// # Errors
    ///
    /// What `psql` said.
    pub fn create_database(&self, name: &str, extra: &str) -> Result<()> {
        let quoted = name.replace('"', "\"\"");
        self.psql(&format!("CREATE DATABASE \"{quoted}\" {extra};")).map(drop)
    }
}
