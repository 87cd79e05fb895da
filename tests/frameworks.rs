//! The guide to frameworks shows the examples' own code, and the examples are tested in a browser.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::Path;

#[test]
fn code_of_the_guide_is_in_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("docs/frameworks.md")).expect("the guide");
    let mut shown = 0;
    let blocks: Vec<_> = guide.split("```").collect();
    for pair in blocks.chunks_exact(2) {
        let [before, block] = pair else { continue };
        let name = before.trim_end().lines().next_back().expect("a line before the code");
        let name = name.trim_matches('`');
        let file = fs::read_to_string(root.join(name)).unwrap_or_else(|error| {
            panic!("the line before a block of code names a file, {name:?} is none: {error}")
        });
        let (_language, code) = block.split_once('\n').expect("a language");
        assert!(without_indents(&file).contains(&without_indents(code)), "{name} has no\n{code}");
        shown += 1;
    }
    assert!(shown > 10, "the guide shows {shown} pieces of code");
}

/// A piece of a file stands farther in than it does by itself.
fn without_indents(text: &str) -> String {
    let lines: Vec<_> = text.trim().lines().map(str::trim_start).collect();
    lines.join("\n")
}
