//! The widget as a person meets it: in a real browser, against a real server, with crashes.
//!
//! A test is a function over a [`stage::Stage`]: a server and a browser of its own, so that no test
//! sees the storage of another. It speaks to pages through [`agent::Agent`], which knows the widget
//! by its public names alone, and never pauses for a guessed time: [`until`] asks again until what
//! must come has come.
//!
//! The tests run against a built page, which `cargo xtask test e2e` makes and names.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

pub mod agent;
pub mod aimock;
pub mod bank;
pub mod browser;
pub mod corpora;
pub mod keyboard;
pub mod lab;
pub mod look;
pub mod mcp;
mod open;
mod program;
mod said;
pub mod scene;
pub mod seed;
pub mod server;
pub mod stage;

/// Asks until the answer is something; an error counts as "not yet", and the last one is told.
///
/// # Errors
///
/// Nothing came in the time that a loaded machine may need.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let failure = match probe().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() > deadline {
            let failure = failure.unwrap_or_else(|| anyhow!("it did not come"));
            return Err(failure.context(format!("waited in vain: {what}")));
        }
        tokio::time::sleep(BETWEEN_PROBES).await;
    }
}

/// [`until`] for what is either so or not.
///
/// # Errors
///
/// As [`until`].
pub async fn until_true(what: &str, mut probe: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    until(what, async || Ok(probe().await?.then_some(()))).await
}

const PATIENCE: Duration = Duration::from_secs(20);

const BETWEEN_PROBES: Duration = Duration::from_millis(40);
