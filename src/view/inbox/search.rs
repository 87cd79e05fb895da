//! Whether words stand in a row of the inbox.

use holdpoint_core::sorted::Sorted;
use js_sys::JsString;

use super::row::words;
use crate::driver::ports::CallRow;

/// Words that are searched for, in what rows show.
pub(super) struct Search<'a> {
    needle: &'a str,
    /// What the stages of rows are called, in small letters: thousands of rows have a few of them.
    stages: Sorted<String, String>,
}

impl<'a> Search<'a> {
    pub(super) fn new(needle: &'a str) -> Self {
        Self { needle, stages: Sorted::default() }
    }

    pub(super) fn finds(&mut self, row: &CallRow) -> bool {
        if self.needle.is_empty() {
            return true;
        }
        let key = [row.stage.as_str(), row.by.as_deref().unwrap_or_default()].concat();
        if !self.stages.contains(&key) {
            self.stages.insert(key.clone(), small(&words(row)));
        }
        let stage = self.stages.get(&key).map(String::as_str).unwrap_or_default();
        stage.contains(self.needle)
            || small(&[row.what.as_str(), &row.title, &row.tool].join("\n")).contains(self.needle)
    }
}

/// Small letters, by the browser: its tables are not ours to ship.
pub(super) fn small(words: &str) -> String {
    JsString::from(words).to_locale_lower_case(None).into()
}
