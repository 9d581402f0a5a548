//! That the page of verbs tells the truth about the code, and the code about the page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Attribute, ImplItem, Item, TraitItem, Type, Visibility};

/// What is public, with the aliases that its documentation gives it.
type Names = BTreeMap<String, BTreeSet<String>>;

/// A line of the page.
struct Line {
    upstream: String,
    here: String,
}

impl Line {
    /// Whether rustdoc finds what is here under the upstream name.
    fn is_found(&self, aliases: &BTreeSet<String>) -> bool {
        let last = |name: &str, by: &str| name.rsplit(by).next().unwrap_or(name).to_owned();
        let verb = last(&self.upstream, ".");
        let verb = verb.strip_prefix('?').unwrap_or(&verb);
        let same = last(&self.here, "::") == verb;
        same || [verb, &self.upstream].iter().any(|name| aliases.contains(*name))
    }
}

#[test]
fn every_name_on_the_page_is_in_the_code() {
    let names = names();
    let missing = page().into_iter().filter(|line| !names.contains_key(&line.here));
    none(missing.map(|line| format!("`{}`, for `{}`", line.here, line.upstream)), "is in the code");
}

#[test]
fn every_upstream_name_is_an_alias() {
    let names = names();
    let found = |line: &Line| names.get(&line.here).is_some_and(|aliases| line.is_found(aliases));
    let missing = page().into_iter().filter(|line| !found(line));
    none(missing.map(|line| format!("`{}` on `{}`", line.upstream, line.here)), "is an alias");
}

#[test]
fn every_alias_is_on_the_page() {
    let page = page();
    let told = |here: &str, alias: &str| {
        page.iter().any(|line| line.here == here && line.is_found(&BTreeSet::from([alias.into()])))
    };
    let names = names();
    let aliases = names.iter().flat_map(|(here, aliases)| aliases.iter().map(move |a| (here, a)));
    let missing = aliases.filter(|(here, alias)| !told(here, alias));
    none(missing.map(|(here, alias)| format!("`{alias}`, an alias of `{here}`")), "is on the page");
}

/// The verbs that the three interfaces have; a page that leaves one out is not complete.
#[test]
fn no_upstream_verb_is_missing() {
    const OCSIPERSIST: &str = "init Ref.ref Ref.get Ref.set Store.open_store Store.make_persistent \
        Store.make_persistent_lazy Store.make_persistent_lazy_lwt Store.get Store.set \
        Polymorphic.open_table TABLE.table_name TABLE.find TABLE.add TABLE.replace_if_exists \
        TABLE.remove TABLE.modify_opt TABLE.length TABLE.iter TABLE.iter_step TABLE.iter_block \
        TABLE.iter_batch TABLE.fold TABLE.fold_step Variable.make Variable.make_lazy \
        Variable.make_lazy_lwt Variable.get Variable.set Functorial.Table COLUMN.column_type \
        COLUMN.encode COLUMN.decode Column.String Column.Float Column.Marshal";
    const MIRAGE_KV: &str = "Key.empty Key.v Key.add Key.(/) Key.append Key.(//) Key.parent \
        Key.basename Key.segments connect disconnect exists get get_partial list last_modified \
        digest size set set_partial allocate remove rename batch";
    const IRMIN: &str = "AO.v Link.v RW.v RO.mem RO.find AO.add AO.batch Link.add RW.list RW.set \
        RW.remove RW.test_and_set RW.watch RW.watch_key RW.unwatch";
    let page = page();
    let verbs = [OCSIPERSIST, MIRAGE_KV, IRMIN];
    let verbs = verbs.iter().flat_map(|verbs| verbs.split_whitespace());
    let missing = verbs.filter(|verb| page.iter().all(|line| line.upstream != *verb));
    none(missing.map(str::to_owned), "is on the page");
}

fn none(missing: impl Iterator<Item = String>, should: &str) {
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "none of these {should}:\n{}", missing.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> Vec<Line> {
    let text = std::fs::read_to_string(root().join("../docs/verbs.md")).unwrap();
    let line = |line: &str| {
        let mut columns = line.strip_prefix("| `")?.split(" | ");
        let upstream = columns.next()?.trim_matches('`').to_owned();
        let here = columns.next()?.trim_matches('`').to_owned();
        Some(Line { upstream, here })
    };
    text.lines().filter_map(line).collect()
}

fn names() -> Names {
    let mut names = Names::new();
    for file in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let parsed = syn::parse_file(&text);
        let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        parsed.items.iter().for_each(|item| add(item, &mut names));
    }
    names
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

fn add(item: &Item, names: &mut Names) {
    let mut note = |name: String, attributes: &[Attribute]| {
        names.entry(name).or_default().extend(attributes.iter().filter_map(alias));
    };
    match item {
        Item::Struct(it) => note(it.ident.to_string(), &it.attrs),
        Item::Enum(it) => {
            note(it.ident.to_string(), &it.attrs);
            for variant in &it.variants {
                note(format!("{}::{}", it.ident, variant.ident), &variant.attrs);
            }
        }
        Item::Type(it) => note(it.ident.to_string(), &it.attrs),
        Item::Fn(it) if public(&it.vis) => note(it.sig.ident.to_string(), &it.attrs),
        Item::Trait(it) => {
            note(it.ident.to_string(), &it.attrs);
            for item in &it.items {
                match item {
                    TraitItem::Fn(f) => note(format!("{}::{}", it.ident, f.sig.ident), &f.attrs),
                    TraitItem::Const(c) => note(format!("{}::{}", it.ident, c.ident), &c.attrs),
                    _ => {}
                }
            }
        }
        Item::Impl(it) if it.trait_.is_none() => {
            let Type::Path(path) = &*it.self_ty else { return };
            let Some(of) = path.path.segments.last() else { return };
            for item in &it.items {
                if let ImplItem::Fn(f) = item
                    && public(&f.vis)
                {
                    note(format!("{}::{}", of.ident, f.sig.ident), &f.attrs);
                }
            }
        }
        _ => {}
    }
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The name in `#[doc(alias = "name")]`.
fn alias(attribute: &Attribute) -> Option<String> {
    let mut alias = None;
    if attribute.path().is_ident("doc") {
        // Documentation is an attribute of this name too, of another form.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("alias") {
                alias = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    alias
}
