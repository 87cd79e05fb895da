//! The worker at its boundary: jobs, decisions and notices over HTTP, the store on both databases.

mod configuration;
mod demo;
mod desk;
mod fakes;
mod faults;
mod fleet;
mod flow;
mod hand_over;
mod killed;
mod mail;
mod mcp;
mod postgres;
mod push;
mod quorum;
mod reach;
mod refusals;
mod reminders;
mod slack;
mod store;
mod support;
mod triggers;
