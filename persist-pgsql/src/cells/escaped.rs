//! How Ocsipersist puts any bytes into a column of text: what is not printable ASCII is `\ooo` in
//! octal, and a backslash is two.

use std::fmt::Write as _;

pub(super) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(text, "\\{byte:03o}")),
        }
    }
    text
}

/// The bytes, unless a backslash begins neither `\ooo` nor `\\`. The server's `decode` agrees.
pub(super) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        rest = match after {
            [b'\\', after @ ..] => {
                bytes.push(b'\\');
                after
            }
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            _ => return None,
        };
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unescape(&escape(&all)), Some(all));
        assert_eq!(escape("h\u{e9}\n\\303\u{7f}".as_bytes()), r"h\303\251\012\\303\177");
    }

    #[test]
    fn what_is_not_escaped_so_is_nothing() {
        for text in [r"\", r"a\", r"\x41", r"\12", r"\400", r"\08"] {
            assert_eq!(unescape(text), None, "{text}");
        }
        assert_eq!(unescape("é").as_deref(), Some("é".as_bytes()));
    }
}
