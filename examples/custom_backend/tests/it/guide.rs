//! The guide shows the code of this crate, not code like it.

use std::fs;
use std::path::Path;

#[test]
fn what_the_guide_shows_is_in_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("../../docs/writing-a-backend.md")).unwrap();
    let mut shown = 0;
    for block in guide.split("```rust\n").skip(1) {
        let block = block.split("\n```").next().unwrap();
        let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
        let Some(name) =
            lines.next().and_then(|line| line.strip_prefix("// examples/custom_backend/"))
        else {
            continue;
        };
        let source = fs::read_to_string(root.join(name)).unwrap();
        let mut source = source.lines().map(str::trim);
        for line in lines.filter(|line| *line != "#" && !line.starts_with("# ")) {
            assert!(source.any(|there| there == line), "{name} has no `{line}` there");
        }
        shown += 1;
    }
    assert!(shown >= 5, "the guide shows {shown} pieces");
}
