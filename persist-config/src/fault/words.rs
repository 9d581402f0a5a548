//! Serde's terms, which are Rust's, in the words of someone who writes TOML.

use serde::de::{Expected, Unexpected};

/// What the setting wanted.
pub(super) fn expected(expected: &dyn Expected) -> String {
    let term = expected.to_string();
    match term.as_str() {
        "a boolean" => "true or false",
        "path string" => "a path",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        // These are what `humantime_serde` and `bytesize` call theirs.
        "a duration" => "a duration such as \"5s\"",
        "an integer or string" | "parsable string" | "integer overflow" => {
            "a size such as \"64MiB\""
        }
        _ if term.starts_with("struct ") => "a section",
        _ => return term,
    }
    .to_owned()
}

/// What stood there: its type alone, since its text may be a secret.
pub(super) fn found(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Seq => "an array",
        Unexpected::Map => "a table",
        Unexpected::Other("a date or time") => "a date or time",
        _ => "something else",
    }
}

/// `"a", "b" or "c"`.
pub(crate) fn alternatives(names: &[&str]) -> String {
    list(names, "or")
}

/// `"a", "b" and "c"`.
pub(super) fn all(names: &[&str]) -> String {
    list(names, "and")
}

fn list(names: &[&str], joint: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.as_slice() {
        [before @ .., last] if !before.is_empty() => {
            format!("{} {joint} {last}", before.join(", "))
        }
        few => few.concat(),
    }
}
