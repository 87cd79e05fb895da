//! The regular expressions of JSON Schema, as a browser would take them.

use std::rc::Rc;

use holdpoint_core::schema::Patterns;
use holdpoint_core::tool::Toolbox;

/// ECMAScript's, with the `u` flag.
#[derive(Clone, Copy, Debug)]
pub struct Regress;

impl Patterns for Regress {
    fn is_match(&self, pattern: &str, text: &str) -> Option<bool> {
        let regex = regress::Regex::with_flags(pattern, "u").ok()?;
        Some(regex.find(text).is_some())
    }
}

/// A box without tools. It is of one thread, so it is made where a step is decided.
pub(crate) fn toolbox() -> Toolbox {
    Toolbox::new(Rc::new(Regress))
}
