//! Patterns of schemas, by the browser's own engine.

use std::cell::RefCell;

use holdpoint_core::schema::Patterns;
use holdpoint_core::sorted::Sorted;
use wasm_bindgen::prelude::*;

/// The page's regular expressions, each compiled once.
#[derive(Default)]
pub(crate) struct RegExps {
    /// `None` where a pattern does not compile. There are as many as the tools' schemas have.
    compiled: RefCell<Sorted<String, Option<RegExp>>>,
}

impl Patterns for RegExps {
    fn is_match(&self, pattern: &str, text: &str) -> Option<bool> {
        let mut compiled = self.compiled.borrow_mut();
        if !compiled.contains(pattern) {
            compiled.insert(pattern.to_owned(), RegExp::new(pattern, "u").ok());
        }
        compiled.get(pattern)?.as_ref()?.test(text).ok()
    }
}

// The binding of js-sys ends the widget where the engine throws, as it does for a bad pattern, and
// for a good one that needs too much memory.
#[wasm_bindgen]
extern "C" {
    type RegExp;

    #[wasm_bindgen(constructor, catch)]
    fn new(pattern: &str, flags: &str) -> Result<RegExp, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn test(this: &RegExp, text: &str) -> Result<bool, JsValue>;
}
