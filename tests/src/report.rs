//! The line that tells a program how a law ended.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use serde::Serialize;

use crate::run::Ending;

/// The variable that names the file which reports are appended to.
pub(crate) const REPORT: &str = "PERSIST_LAWS_REPORT";

#[derive(Serialize)]
struct Line<'l> {
    backend: &'l str,
    law: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'l str>,
}

/// Appends how a law ended to the file that the environment names, if it names one.
pub(crate) fn report(backend: &str, family: &str, law: &str, ending: &Ending) {
    let Some(file) = env::var_os(REPORT) else { return };
    let (result, why) = match ending {
        Ending::Kept => ("ok", None),
        Ending::Broken(why) => ("failed", Some(why.as_str())),
        Ending::NotApplicable(why) => ("n/a", Some(*why)),
    };
    let line = Line { backend, law: format!("{family}::{law}"), result, why };
    let mut text = serde_json::to_string(&line).expect("a report is plain text");
    text.push('\n');
    // One write to a file opened for appending: lines of several processes do not mix.
    let opened = OpenOptions::new().append(true).create(true).open(&file);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.unwrap_or_else(|error| panic!("cannot append to {}: {error}", file.display()));
}
