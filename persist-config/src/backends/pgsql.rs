//! The PostgreSQL backend.

use std::path::Path;

use persist_core::Durability;
use persist_pgsql::Options;

use super::{Opening, Settings};

impl Settings for Options {
    const EXAMPLE: &'static str = "";

    fn open(self, dir: &Path, durability: Option<Durability>) -> Opening {
        Box::pin(settled(self, dir, durability).open())
    }
}

fn settled(options: Options, dir: &Path, durability: Option<Durability>) -> Options {
    let options = match durability {
        Some(durability) => options.or_durability(durability),
        None => options,
    };
    options.relative_to(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_durability_wins_and_paths_are_beside_the_file() {
        let shown = |own: Option<_>, shared| {
            let options = Options::new().root_certificate("ca.pem");
            let options = match own {
                Some(own) => options.durability(own),
                None => options,
            };
            format!("{:?}", settled(options, Path::new("/b"), shared))
        };
        let (full, relaxed) = (Some(Durability::Full), Some(Durability::Relaxed));
        assert!(shown(full, relaxed).contains("durability: Some(Full)"));
        assert!(shown(relaxed, full).contains("durability: Some(Relaxed)"));
        assert!(shown(None, relaxed).contains("durability: Some(Relaxed)"));
        assert!(shown(None, None).contains("durability: None"));
        assert!(shown(None, None).contains("\"/b/ca.pem\""));
    }
}
