//! What others test with: the rules of axe-core, and hostile texts.
//!
//! Where `HOLDPOINT_CORPORA` names no directory of packages there are none, and a line says once that
//! what needs them did not run.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use anyhow::{Context, Result};

/// The packages that `cargo xtask test e2e` installs.
pub struct Corpora(PathBuf);

impl Corpora {
    /// Finds them.
    #[must_use]
    pub fn find() -> Option<Self> {
        static TOLD: Once = Once::new();
        let named = std::env::var_os("HOLDPOINT_CORPORA").filter(|path| !path.is_empty());
        if named.is_none() {
            // Written past the test runner, which keeps to itself what a passed test prints.
            TOLD.call_once(|| {
                let _ = writeln!(
                    std::io::stderr(),
                    "not run: axe-core and DOMPurify's fixtures (HOLDPOINT_CORPORA names none)"
                );
            });
        }
        named.map(|path| Corpora(path.into()))
    }

    /// The script of axe-core.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn axe(&self) -> Result<String> {
        self.read("axe-core/axe.min.js")
    }

    /// The fixtures of DOMPurify: a CommonJS module that exports a list of payloads.
    ///
    /// # Errors
    ///
    /// They are not there.
    pub fn dompurify(&self) -> Result<String> {
        self.read("dompurify/test/fixtures/expect.js")
    }

    fn read(&self, path: &str) -> Result<String> {
        let path = self.0.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// The Big List of Naughty Strings.
///
/// # Errors
///
/// It is no list of strings.
pub fn naughty_strings() -> Result<Vec<String>> {
    let list = include_str!("../../../core/tests/fixtures/naughty-strings/blns.json");
    serde_json::from_str(list).context("the list is none of strings")
}
