//! `cargo xtask bench` and `cargo xtask screenshot`: programs of `tests/e2e`, on the page as it is
//! shipped.

use anyhow::Result;

use crate::browser::Browsers;
use crate::page;
use crate::tools::{self, Workspace};

/// Runs the benches.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    in_browser(workspace, "bench", names)
}

/// Takes the picture of the README.
pub(crate) fn screenshot(workspace: &Workspace) -> Result<()> {
    let picture = workspace.root.join("docs/screenshot.png");
    in_browser(workspace, "screenshot", &[picture.display().to_string()])
}

/// Runs a program of `tests/e2e`.
///
/// The harness itself is an ordinary debug build: it drives a browser, and what is measured, the
/// widget, is the release in that browser.
fn in_browser(workspace: &Workspace, program: &str, args: &[String]) -> Result<()> {
    let browsers = Browsers::find(workspace, false)?;
    let page = page::build(workspace)?;
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--locked", "--package", "holdpoint-e2e", "--bin", program]);
    browsers.describe_to(&mut command);
    tools::run(command.env("HOLDPOINT_E2E_DIST", page).arg("--").args(args))
}
