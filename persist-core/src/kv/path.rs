//! Keys: lists of segments.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Div;
use std::str::FromStr;
use std::sync::Arc;

use super::error::{Error, InvalidKey};

/// The longest segment, in bytes: what file systems take as a name, so that a key is legal in every
/// store or in none.
pub const MAX_SEGMENT: usize = 255;

/// The longest key, in bytes as it is printed.
pub const MAX_KEY: usize = 4_096;

/// A key: a list of segments, each some UTF-8 text without `/`.
///
/// [`parse`](Self::parse) splits at `/`, so `foo/bar`, `/foo/bar` and `foo//bar` are one key;
/// printing begins with `/`. The empty key, `/`, is the top-level dictionary. Keys are ordered by
/// their segments, bytewise, so a dictionary stands right before what is in it. A clone costs a
/// counter.
///
/// Parsing does not fail. What no store takes is refused by every verb of a
/// [`Kv`](super::Kv), as [`InvalidKey`](Error::InvalidKey): the segments `.` and `..`, NUL, segments
/// above [`MAX_SEGMENT`] (255) bytes, and keys above [`MAX_KEY`] (4,096) bytes.
///
/// ```
/// use persist_core::kv::{Error, KeyPath};
///
/// let key = KeyPath::parse("sites/example.org").join("index.html")?;
/// assert_eq!(key.to_string(), "/sites/example.org/index.html");
/// assert_eq!(key.basename(), "index.html");
/// assert_eq!(key.parent(), KeyPath::parse("/sites/example.org"));
/// assert_eq!(key.parent() / KeyPath::parse("a/b"), "sites/example.org/a/b".into());
/// assert!(key.join("not/one").is_err());
/// # Ok::<_, Error>(())
/// ```
#[doc(alias = "Mirage_kv.Key")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyPath {
    /// The segments, each after a `/`.
    text: Arc<str>,
}

impl KeyPath {
    /// The top-level dictionary.
    pub fn empty() -> Self {
        Self { text: Arc::from("") }
    }

    /// The key that `text` spells: it is split at `/`, and empty segments are left out.
    #[doc(alias = "v")]
    pub fn parse(text: &str) -> Self {
        Self::of(text.split('/').filter(|segment| !segment.is_empty()))
    }

    /// This key with one more segment.
    ///
    /// # Errors
    /// [`InvalidKey`](Error::InvalidKey) for a segment that is empty or contains `/`, so that no
    /// input makes two segments of one. The other rules are judged when the key is used.
    #[doc(alias = "add")]
    #[doc(alias = "(/)")]
    pub fn join(&self, segment: &str) -> Result<Self, Error> {
        let why = match segment {
            "" => InvalidKey::Empty,
            _ if segment.contains('/') => InvalidKey::Slash,
            _ => return Ok(self.child(segment)),
        };
        Err(Error::InvalidKey(self.child(segment), why))
    }

    /// This key with all segments of another one after its own; `/` between keys means the same.
    #[doc(alias = "(//)")]
    #[must_use]
    pub fn append(&self, other: &Self) -> Self {
        Self { text: format!("{}{}", self.text, other.text).into() }
    }

    /// The key without its last segment; of the empty key, the empty key.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.text.rfind('/').and_then(|end| self.text.get(..end)) {
            Some(parent) => Self { text: parent.into() },
            None => self.clone(),
        }
    }

    /// The last segment; of the empty key, `""`.
    pub fn basename(&self) -> &str {
        self.segments().next_back().unwrap_or_default()
    }

    /// The segments, from the top.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        // The text is empty or begins with `/`; nothing comes before that.
        self.text.split('/').filter(|segment| !segment.is_empty())
    }

    /// Whether this is the empty key.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether `self` lies at or below `above`.
    pub fn starts_with(&self, above: &Self) -> bool {
        let rest = self.text.strip_prefix(&*above.text);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The keys above this one and this one, from the top: of `/a/b`, `/`, `/a`, `/a/b`.
    pub fn prefixes(&self) -> impl Iterator<Item = Self> {
        let ends = self.text.char_indices().filter(|(_, char)| *char == '/').map(|(end, _)| end);
        let ends = ends.chain((!self.text.is_empty()).then_some(self.text.len()));
        let keys = ends.filter_map(|end| self.text.get(..end));
        let empty = self.text.is_empty().then(Self::empty);
        keys.map(|text| Self { text: text.into() }).chain(empty)
    }

    /// This key with a segment that is known to be one.
    pub(crate) fn child(&self, segment: &str) -> Self {
        Self { text: format!("{}/{segment}", self.text).into() }
    }

    /// What follows `above` in this key, which lies at or below it.
    pub(crate) fn below(&self, above: &Self) -> Self {
        let rest = self.text.strip_prefix(&*above.text).unwrap_or_default();
        Self { text: rest.into() }
    }

    /// Refuses what no store takes.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let why = if self.text.len() > MAX_KEY {
            Some(InvalidKey::TooLong)
        } else {
            self.segments().find_map(|segment| match segment {
                "." | ".." => Some(InvalidKey::Dots),
                _ if segment.contains('\0') => Some(InvalidKey::Nul),
                _ if segment.len() > MAX_SEGMENT => Some(InvalidKey::LongSegment),
                _ => None,
            })
        };
        why.map_or(Ok(()), |why| Err(Error::InvalidKey(self.clone(), why)))
    }

    fn of<'s>(segments: impl Iterator<Item = &'s str>) -> Self {
        let mut text = String::new();
        for segment in segments {
            text.push('/');
            text.push_str(segment);
        }
        Self { text: text.into() }
    }
}

impl Default for KeyPath {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<&str> for KeyPath {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl From<&String> for KeyPath {
    fn from(text: &String) -> Self {
        Self::parse(text)
    }
}

impl From<String> for KeyPath {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<&Self> for KeyPath {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

impl FromStr for KeyPath {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::parse(text))
    }
}

impl Div for KeyPath {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        self.append(&other)
    }
}

impl Div<&Self> for KeyPath {
    type Output = Self;

    fn div(self, other: &Self) -> Self {
        self.append(other)
    }
}

impl Div for &KeyPath {
    type Output = KeyPath;

    fn div(self, other: Self) -> KeyPath {
        self.append(other)
    }
}

impl Ord for KeyPath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.segments().cmp(other.segments())
    }
}

impl PartialOrd for KeyPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "/" } else { &self.text })
    }
}

impl fmt::Debug for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_lists_of_segments() {
        let key = KeyPath::parse("//a/ b/c ");
        assert_eq!(key.segments().collect::<Vec<_>>(), ["a", " b", "c "]);
        assert_eq!(key.to_string(), "/a/ b/c ");
        let prefixes: Vec<_> = key.prefixes().map(|key| key.to_string()).collect();
        assert_eq!(prefixes, ["/", "/a", "/a/ b", "/a/ b/c "]);
        assert_eq!(key.parent().parent().parent().parent(), KeyPath::empty());
    }

    #[test]
    fn the_empty_key() {
        let empty = KeyPath::parse("/");
        assert_eq!((empty.to_string().as_str(), empty.basename()), ("/", ""));
        assert_eq!(empty.parent(), empty);
        assert_eq!(empty.prefixes().collect::<Vec<_>>(), [KeyPath::empty()]);
        assert_eq!(&empty / &"a".into(), "a".into());
    }

    #[test]
    fn the_order_is_that_of_segments() {
        let mut keys = ["a.b", "a/b", "a", "", "a/b/c", "a/a"].map(KeyPath::parse);
        keys.sort();
        assert_eq!(keys, ["", "a", "a/a", "a/b", "a/b/c", "a.b"].map(KeyPath::parse));
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let key = KeyPath::parse("ab/c");
        assert!(key.starts_with(&"ab".into()) && key.starts_with(&KeyPath::empty()));
        assert!(!key.starts_with(&"a".into()) && !key.starts_with(&"ab/c/d".into()));
        assert_eq!(key.below(&"ab".into()), "c".into());
    }

    #[test]
    fn what_no_store_takes_is_refused() {
        let why = |key: &KeyPath| match key.check() {
            Err(Error::InvalidKey(_, why)) => Some(why),
            _ => None,
        };
        for (text, expected) in [
            ("a/./b".to_owned(), Some(InvalidKey::Dots)),
            ("..".to_owned(), Some(InvalidKey::Dots)),
            ("...".to_owned(), None),
            ("a\0".to_owned(), Some(InvalidKey::Nul)),
            ("x".repeat(255), None),
            ("x".repeat(256), Some(InvalidKey::LongSegment)),
            ("x/".repeat(2_048), None),
            ("x/".repeat(2_049), Some(InvalidKey::TooLong)),
        ] {
            assert_eq!(why(&KeyPath::parse(&text)), expected);
        }
        assert!(KeyPath::empty().join("").is_err());
    }
}
