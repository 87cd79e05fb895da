//! The proxy as its callers, its upstream and its operator meet it.

mod forward;
mod operator;
mod refusals;
mod support;
