//! The proxy as its callers, its upstream and its operator meet it.

mod callers;
mod connections;
mod forward;
mod limits;
mod operator;
mod records;
mod refusals;
mod streams;
mod support;
