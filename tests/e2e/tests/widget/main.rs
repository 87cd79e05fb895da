//! The widget in a real browser, as a person and as a page meet it.

mod audit;
mod bank;
mod crash;
mod decisions;
mod faults;
mod formats;
mod inbox;
mod language;
mod notify;
mod record;
mod sealed;
