//! The number of waiting calls before the page's title, where the page wants it there.

use std::cell::RefCell;

/// What stands before the title now; empty where nothing does.
#[derive(Default)]
pub(super) struct TitleBadge(RefCell<String>);

impl TitleBadge {
    /// Shows a number, or none for 0. Whatever the page has made of its title since stays.
    pub(super) fn show(&self, count: usize) {
        let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
        let badge = match count {
            0 => String::new(),
            count => ["(", &count.to_string(), ") "].concat(),
        };
        let title = document.title();
        let before = self.0.replace(badge.clone());
        let plain = title.strip_prefix(&before).unwrap_or(&title);
        let next = [&badge, plain].concat();
        if next != title {
            document.set_title(&next);
        }
    }
}
