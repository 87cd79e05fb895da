//! The worker at its boundary: jobs, decisions and notices over HTTP, the store on both databases.

mod configuration;
mod faults;
mod fleet;
mod flow;
mod killed;
mod mcp;
mod postgres;
mod quorum;
mod refusals;
mod store;
mod support;
mod triggers;
