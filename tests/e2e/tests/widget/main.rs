//! The widget in a real browser, as a person and as a page meet it.

mod announce;
mod answer;
mod audit;
mod axe;
mod bank;
mod batch;
mod card;
mod crash;
mod decisions;
mod desk;
mod edit;
mod faults;
mod formats;
mod hostile;
mod inbox;
mod keyboard;
mod language;
mod long;
mod naughty;
mod notify;
mod once;
mod record;
mod sealed;
mod transcript;
mod worker;
