//! The definitions that Ocsipersist gives to its tables.

/// A type that Ocsipersist declares columns with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    Text,
    Float,
    Blob,
}

impl Declared {
    const ALL: [Self; 3] = [Self::Text, Self::Float, Self::Blob];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Float => "float",
            Self::Blob => "blob",
        }
    }
}

/// The types of the key and of the value, if `definition` is exactly what Ocsipersist writes for
/// the table `name`, but for white space and the case of keywords.
pub(super) fn columns(definition: &str, name: &str) -> Option<(Declared, Declared)> {
    // Always written so by SQLite, whatever the statement was.
    let named = definition.strip_prefix("CREATE TABLE ")?.trim_start();
    // Quoted if the table was renamed.
    let body = named.strip_prefix(name).or_else(|| {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        named.strip_prefix(&quoted)
    })?;
    Declared::ALL
        .into_iter()
        .flat_map(|key| Declared::ALL.map(|value| (key, value)))
        .find(|&(key, value)| is_body(body, key, value))
}

fn is_body(body: &str, key: Declared, value: Declared) -> bool {
    let expected = format!(
        "(key {}, value {}, PRIMARY KEY (key) ON CONFLICT REPLACE)",
        key.name(),
        value.name()
    );
    let (mut found, mut expected) = (tokens(body), tokens(&expected));
    loop {
        match (found.next(), expected.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => {}
            _ => return false,
        }
    }
}

/// Words and punctuation. What else SQL has (quotes, comments) makes words that no definition of
/// Ocsipersist has.
fn tokens(sql: &str) -> impl Iterator<Item = &str> {
    let is_mark = |c: char| matches!(c, '(' | ')' | ',');
    sql.split_ascii_whitespace()
        .flat_map(move |word| word.split_inclusive(is_mark))
        .flat_map(move |part| match part.strip_suffix(is_mark) {
            Some(word) => [word, part.get(word.len()..).unwrap_or_default()],
            None => [part, ""],
        })
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_definitions_of_ocsipersist() {
        let functorial = "CREATE TABLE store___t\n             (key text, value float, PRIMARY KEY (key) ON CONFLICT REPLACE)";
        let store =
            "CREATE TABLE store___t (key TEXT, value BLOB,  PRIMARY KEY(key) ON CONFLICT REPLACE)";
        let renamed = "CREATE TABLE \"store___t\" (key blob, value text, PRIMARY KEY (key) ON CONFLICT REPLACE)";
        assert_eq!(columns(functorial, "store___t"), Some((Declared::Text, Declared::Float)));
        assert_eq!(columns(store, "store___t"), Some((Declared::Text, Declared::Blob)));
        assert_eq!(columns(renamed, "store___t"), Some((Declared::Blob, Declared::Text)));
    }

    #[test]
    fn nothing_else() {
        for body in [
            "(key text, value text, PRIMARY KEY (key))",
            "(key text, value text, extra text, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "(key text, value integer, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "(key text, value, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "(key text, valuetext, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "(key text NOT NULL, value text, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "(key text, value text, PRIMARY KEY (key) ON CONFLICT IGNORE)",
            "(key text, value text, PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID",
            "(key text, value text, PRIMARY KEY (key) ON CONFLICT REPLACE) STRICT",
            "(key text, value text, PRIMARY KEY (key) ON CONFLICT REPLACE, CHECK (key))",
            "(key text, value text, PRIMARY KEY (key) ON CONFLICT REPLACE -- x\n)",
            "(key text, value text COLLATE NOCASE, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "(value text, key text, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "2 (key text, value text, PRIMARY KEY (key) ON CONFLICT REPLACE)",
            "",
        ] {
            let definition = format!("CREATE TABLE store___t {body}");
            assert_eq!(columns(&definition, "store___t"), None, "{body}");
        }
    }
}
