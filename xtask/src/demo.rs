//! `cargo xtask demo`: the page built and served by the thin proxy, or the worker with an invoice.

use std::env;

use anyhow::Result;

use crate::page;
use crate::tools::Workspace;

const DEFAULT_ADDR: &str = "127.0.0.1:8787";

/// Builds the page and hands over to the proxy, which prints its address and runs until ctrl-c.
///
/// Its other settings come from the environment as they are: with a key or an upstream there, a
/// real model answers.
pub(crate) fn run(workspace: &Workspace, addr: Option<String>) -> Result<()> {
    let page = page::build(workspace)?;
    let addr =
        addr.or_else(|| env::var("HOLDPOINT_ADDR").ok()).unwrap_or_else(|| DEFAULT_ADDR.to_owned());
    let mut proxy = workspace.cargo();
    proxy.args(["run", "--quiet", "--locked", "--package", "holdpoint-proxy"]);
    proxy.env("HOLDPOINT_SERVE", page).env("HOLDPOINT_ADDR", addr);
    hand_over(proxy)
}

/// Hands over to the worker's example, which prints where to approve and runs until ctrl-c.
pub(crate) fn run_async(workspace: &Workspace, addr: Option<String>) -> Result<()> {
    let mut worker = workspace.cargo();
    worker.args(["run", "--quiet", "--locked", "--package", "holdpoint-worker"]);
    worker.args(["--example", "async_demo"]).envs(addr.map(|addr| ("HOLDPOINT_ADDR", addr)));
    hand_over(worker)
}

/// Becomes the other program, so that a signal to this process is a signal to the server.
#[cfg(unix)]
fn hand_over(mut command: std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn hand_over(mut command: std::process::Command) -> Result<()> {
    crate::tools::run(&mut command)
}
