//! The widget in a real browser, as a person and as a page meet it.

mod announce;
mod answer;
mod bank;
mod crash;
mod decisions;
mod faults;
mod formats;
mod language;
mod record;
mod transcript;
