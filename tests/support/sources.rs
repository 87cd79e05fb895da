//! The sources, for tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

/// The scripts and modules below a folder.
pub(crate) fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut dirs = vec![root().join(dir)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("a readable folder").flatten() {
            let path = entry.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => dirs.push(path),
                Some("rs" | "js") => found.push((path.clone(), read(&path))),
                _ => {}
            }
        }
    }
    assert!(!found.is_empty(), "{dir} holds no sources");
    found
}

/// A file by its path from the root of the project.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).expect("a readable file")
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
