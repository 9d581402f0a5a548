//! What is wrong in a configuration, and where, before it is known which file that is in.

mod nearest;
mod words;

use std::fmt::{self, Display, Formatter, Write as _};
use std::io;

use serde::de::{Error, Expected, Unexpected};

pub(crate) use nearest::nearest;
pub(crate) use words::alternatives;

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What is wrong with one key. It never contains the text of a setting that may be a secret.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: Kind,
    place: Option<Place>,
    path: Vec<String>,
    what: String,
    source: Option<io::Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pending,
    Mistyped,
    Missing,
    Other,
}

impl Fault {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { kind: Kind::Other, place: None, path: Vec::new(), what: what.into(), source: None }
    }

    /// No mistake: the value stands in the environment or in another file, and was not looked up.
    pub(crate) fn pending() -> Self {
        Self { kind: Kind::Pending, ..Self::new("not looked up yet") }
    }

    pub(crate) fn mistyped(expected: &str, found: &str) -> Self {
        Self { kind: Kind::Mistyped, ..Self::new(format!("expected {expected}, found {found}")) }
    }

    pub(crate) fn unknown_key(key: &str, known: &[&str]) -> Self {
        Self::new(match (nearest(key, known), known) {
            (Some(near), _) => format!("unknown key; did you mean {near:?}?"),
            (None, []) => "unknown key; this section has none".to_owned(),
            (None, _) => format!("unknown key; the keys here are {}", words::all(known)),
        })
    }

    /// A word that is not in the list. One that stands elsewhere is not shown: it may be a
    /// secret that came here by mistake.
    pub(crate) fn unknown(noun: &str, word: &str, shown: bool, words: &[&str]) -> Self {
        Self::new(match (shown, nearest(word, words)) {
            (true, Some(near)) => format!("unknown {noun} {word:?}; did you mean {near:?}?"),
            (true, None) => format!("unknown {noun} {word:?}; expected {}", alternatives(words)),
            (false, _) => format!("unknown {noun}; expected {}", alternatives(words)),
        })
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.kind == Kind::Pending
    }

    pub(crate) fn is_mistyped(&self) -> bool {
        self.kind == Kind::Mistyped
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.kind == Kind::Missing
    }

    /// Puts `key` before the path, as the table that holds it passes the fault on.
    pub(crate) fn within(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }

    /// Places the fault, unless it is placed already: what lies deeper knows better.
    pub(crate) fn at(mut self, place: Option<Place>) -> Self {
        self.place = self.place.or(place);
        self
    }

    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.what = format!("{}; {hint}", self.what);
        self
    }

    pub(crate) fn caused_by(mut self, source: io::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// The error for users, given how the file is called.
    pub(crate) fn into_error(mut self, file: Option<&str>) -> persist_core::Error {
        let source = self.source.take();
        let mut message = String::new();
        // Writing to a string cannot fail.
        let _ = match (file, self.place) {
            (Some(file), Some(Place { line, column })) => {
                write!(message, "{file}:{line}:{column}: {self}")
            }
            (Some(file), None) => write!(message, "{file}: {self}"),
            (None, Some(Place { line, column })) => {
                write!(message, "line {line}, column {column}: {self}")
            }
            (None, None) => write!(message, "{self}"),
        };
        let error = persist_core::Error::new(persist_core::ErrorKind::Config, message);
        match source {
            Some(source) => error.caused_by(source),
            None => error,
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (depth, key) in self.path.iter().enumerate() {
            if depth > 0 {
                f.write_char('.')?;
            }
            let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if !key.is_empty() && key.chars().all(bare) {
                f.write_str(key)?;
            } else {
                write!(f, "{key:?}")?;
            }
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mistyped(&words::expected(expected), words::found(&unexpected))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("not a valid value; expected {}", words::expected(expected)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("not a valid value; expected {}", alternatives(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown_key(field, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self { kind: Kind::Missing, ..Self::new(format!("the key {field:?} is missing")) }
    }
}
