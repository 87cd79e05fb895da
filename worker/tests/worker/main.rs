//! The worker at its boundary: jobs, decisions and notices over HTTP, the store on both databases.

mod configuration;
mod desk;
mod faults;
mod flow;
mod hand_over;
mod killed;
mod postgres;
mod reach;
mod refusals;
mod store;
mod support;
