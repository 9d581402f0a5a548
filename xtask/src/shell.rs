//! The commands in the documents, run as they are written there.
//!
//! A command that a reader cannot run is a defect like any other, so every line of every fenced
//! `sh` block is run by itself from the root of the workspace.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use clap::Parser;

use crate::services::Services;
use crate::{Cli, Result, command};

/// Set for every line that runs, so that none can start all the checks again from within.
const NESTED: &str = "PERSIST_XTASK_SHELL";

/// An error if this process was started by a line of a document.
pub(crate) fn refuse_recursion() -> Result<()> {
    match env::var_os(NESTED) {
        None => Ok(()),
        Some(line) => Err(format!("{} would run all checks forever", line.display()).into()),
    }
}

/// Runs the lines of `README.md` and `docs/*.md`; the error names those that failed.
pub(crate) fn run(root: &Path, services: &Services) -> Result<()> {
    let mut failed = Vec::new();
    for document in documents(root)? {
        let text = fs::read_to_string(&document)
            .map_err(|error| format!("cannot read {}: {error}", document.display()))?;
        let name = document.strip_prefix(root).unwrap_or(&document).display();
        for (number, line) in shell_lines(&text) {
            let place = format!("{name}:{number}");
            println!("$ {line}  # {place}");
            if let Err(error) = run_line(root, &line, &place, services) {
                println!("FAILED {place}: {error}");
                failed.push(format!("{place} `{line}`"));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join(", ").into()) }
}

/// The README, which must be there, then what is in `docs`, by name.
fn documents(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if root.join("docs").is_dir() {
        for entry in fs::read_dir(root.join("docs"))? {
            found.push(entry?.path());
        }
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found.insert(0, root.join("README.md"));
    Ok(found)
}

fn run_line(root: &Path, line: &str, place: &str, services: &Services) -> Result<()> {
    if let Some(words) = too_long_to_run(line) {
        return match Cli::try_parse_from(words) {
            Err(error) if error.use_stderr() => Err(error.into()),
            _ => Ok(()),
        };
    }
    let mut shell = Command::new("sh");
    shell.args(["-ec", line]).current_dir(root).stdin(Stdio::null());
    services.reach(&mut shell);
    command::run(shell.env(NESTED, place))
}

/// The words after `cargo` of a command that runs these checks again, for minutes or forever; such a line
/// must only be one that clap accepts.
fn too_long_to_run(line: &str) -> Option<Vec<&str>> {
    let command = line.split(" #").next().unwrap_or(line);
    let words: Vec<_> = command.split_whitespace().collect();
    match words.split_first() {
        Some((&"cargo", rest))
            if matches!(rest, ["xtask", "test-all" | "bench" | "services", ..]) =>
        {
            Some(rest.to_vec())
        }
        _ => None,
    }
}

/// The lines of the `sh` blocks, each with its number in the document. Empty lines and comments
/// are left out; a line that ends with a backslash goes on in the next.
fn shell_lines(document: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::<(usize, String)>::new();
    // The open fence and whether its block is `sh`: a longer fence may show a shorter one.
    let mut open: Option<(usize, bool)> = None;
    let mut continued = false;
    for (number, line) in (1..).zip(document.lines().map(str::trim)) {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let info = line.trim_start_matches('`').trim();
        match open {
            None if ticks >= 3 && !info.contains('`') => {
                open = Some((ticks, info.split([' ', ',']).next() == Some("sh")));
            }
            Some((fence, _)) if ticks >= fence && info.is_empty() => {
                (open, continued) = (None, false);
            }
            Some((_, true)) if continued || !(line.is_empty() || line.starts_with('#')) => {
                let text = line.strip_suffix('\\').unwrap_or(line);
                match lines.last_mut() {
                    Some((_, before)) if continued => before.push_str(text),
                    _ => lines.push((number, text.to_owned())),
                }
                continued = text.len() < line.len();
            }
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(document: &str) -> Vec<(usize, String)> {
        shell_lines(document)
    }

    #[test]
    fn only_sh_blocks_are_taken_line_by_line() {
        let text = "# Title\n```sh\n# why\ncargo build\n\ncargo run \\\n  -- -v\n```\nls\n\
                    ```rust\nfn main() {}\n```\n  ```sh\n  true\n  ```\n```shell\nno\n```\n";
        let expected =
            [(4, "cargo build".to_owned()), (6, "cargo run -- -v".to_owned()), (14, "true".into())];
        assert_eq!(lines(text), expected);
    }

    #[test]
    fn a_longer_fence_shows_a_block_without_being_one() {
        assert!(lines("````md\n```sh\nrm -rf /\n```\n````\n").is_empty());
    }

    #[test]
    fn a_block_that_is_never_closed_runs_to_the_end() {
        assert_eq!(lines("```sh\ntrue"), [(2, "true".to_owned())]);
    }

    #[test]
    fn long_commands_are_parsed_instead_of_run() {
        let root = command::root();
        let check = |line: &str| {
            run_line(&root, line, "here", &Services::default()).map_err(|e| e.to_string())
        };
        check("cargo xtask test-all --skip fmt  # a while").unwrap();
        check("cargo xtask bench --quick").unwrap();
        check("cargo xtask services").unwrap();
        check("cargo xtask bench --help").unwrap();
        assert!(check("cargo xtask bench --qick").unwrap_err().contains("--quick"));
        assert!(check("cargo xtask test-all && true").is_err());
    }

    #[test]
    fn a_line_that_fails_and_a_missing_readme_are_told() {
        let root = tempfile::tempdir().unwrap();
        assert!(
            run(root.path(), &Services::default()).unwrap_err().to_string().contains("README.md")
        );
        fs::write(root.path().join("README.md"), "```sh\ntrue\nfalse\ntrue\n```\n").unwrap();
        assert_eq!(
            run(root.path(), &Services::default()).unwrap_err().to_string(),
            "README.md:3 `false`"
        );
    }

    #[test]
    fn a_line_sees_that_it_is_nested() {
        let line = format!("test \"${NESTED}\" = README.md:1");
        run_line(&command::root(), &line, "README.md:1", &Services::default()).unwrap();
    }
}
