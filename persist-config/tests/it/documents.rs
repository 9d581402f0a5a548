//! That what the documents show is accepted.

use std::path::{Path, PathBuf};

use persist_config::Config;

#[test]
fn every_configuration_in_the_documents() {
    for file in documents() {
        let text = std::fs::read_to_string(&file).unwrap();
        for (line, block) in toml_blocks(&text) {
            let at = format!("{}:{line}", file.display());
            let document: toml::Table =
                toml::from_str(block).unwrap_or_else(|error| panic!("{at}: {error}"));
            if document.contains_key("persist") {
                Config::from_toml(block).unwrap_or_else(|error| panic!("{at}: {error}"));
            }
        }
    }
}

#[test]
fn blocks_are_found() {
    let text = "a\n```toml\nx = 1\n```\n```toml,ignore\n[\n```\n```rust\n```\n```toml\n```\n";
    assert_eq!(toml_blocks(text), [(3, "x = 1\n"), (11, "")]);
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let dirs = [root.to_owned(), root.join("docs")];
    let entries = dirs.iter().flat_map(|dir| std::fs::read_dir(dir).into_iter().flatten());
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The blocks that are marked as nothing but TOML, with their first lines.
fn toml_blocks(text: &str) -> Vec<(usize, &str)> {
    let mut blocks = Vec::new();
    let mut offset = 0;
    let mut open: Option<(bool, usize, usize)> = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let fence = line.trim_end().strip_prefix("```");
        match (fence, open) {
            (Some(mark), None) => open = Some((mark == "toml", index + 2, offset + line.len())),
            (Some(_), Some((is_toml, first, start))) => {
                if is_toml {
                    blocks.push((first, &text[start..offset]));
                }
                open = None;
            }
            (None, _) => {}
        }
        offset += line.len();
    }
    blocks
}
