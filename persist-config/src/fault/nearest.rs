//! The right word for a wrong one.

/// How alike two words must be, of 1, for one to be meant by the other. Letters swapped, left out
/// or doubled stay above it, other words do not.
const ALIKE: f64 = 0.8;

/// The name that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let word = plain(word);
    names
        .iter()
        .map(|name| (likeness(&word, name), *name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

fn likeness(word: &str, name: &str) -> f64 {
    // "timeout" is unlike "busy_timeout" letter by letter.
    let part = if word.len() >= 4 && name.contains(word) { ALIKE } else { 0.0 };
    strsim::jaro_winkler(word, &plain(name)).max(part)
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let names = ["file", "durability", "busy_timeout", "cache_size", "read_only"];
        for (word, meant) in [
            ("fiel", "file"),
            ("File", "file"),
            ("filename", "file"),
            ("timeout", "busy_timeout"),
            ("cache-size", "cache_size"),
            ("readonly", "read_only"),
        ] {
            assert_eq!(nearest(word, &names), Some(meant), "{word}");
        }
        for word in ["path", "database", "sync", "x", ""] {
            assert_eq!(nearest(word, &names), None, "{word}");
        }
    }
}
