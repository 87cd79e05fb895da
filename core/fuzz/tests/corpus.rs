//! What was found before, and the fixtures that the search begins with.

use std::fs;
use std::path::Path;

use holdpoint_fuzz::{TARGETS, check};

#[test]
fn what_must_hold_holds_for_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for target in TARGETS {
        let fixtures = match target {
            "journal" => Some(root.join("../tests/fixtures/journal/v1")),
            "sse" | "plan" | "json" => None,
            api => Some(root.join("../tests/fixtures/stream").join(api)),
        };
        let directories = [Some(root.join("corpus").join(target)), fixtures];
        for directory in directories.into_iter().flatten() {
            let mut files = 0;
            for file in fs::read_dir(&directory).unwrap_or_else(|error| panic!("{error}")) {
                let path = file.unwrap().path();
                println!("{}", path.display());
                check(target, &fs::read(path).unwrap());
                files += 1;
            }
            assert!(files > 0, "{} is empty", directory.display());
        }
    }
}
