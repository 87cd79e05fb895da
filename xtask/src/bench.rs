//! `cargo xtask bench`: the benches of `tests/e2e`, on the page as it is shipped.

use anyhow::Result;

use crate::browser::Browsers;
use crate::page;
use crate::tools::{self, Workspace};

/// Runs the benches.
///
/// The harness itself is an ordinary debug build: it drives a browser, and what is measured, the
/// widget, is the release in that browser.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    let browsers = Browsers::find(workspace, false)?;
    let page = page::build(workspace)?;
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--locked", "--package", "holdpoint-e2e", "--bin", "bench"]);
    browsers.describe_to(&mut command);
    tools::run(command.env("HOLDPOINT_E2E_DIST", page).arg("--").args(names))
}
