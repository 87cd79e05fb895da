//! `cargo xtask test docs`: the site, and the bill of materials, as their readers meet them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::book::Book;
use super::snippets::Bench;
use super::{codes, spelling};
use crate::browser::Browser;
use crate::dist;
use crate::smoke::{self, Visit};
use crate::tools::{self, Workspace};
use crate::wasm::Files;

/// Where the probes of the site are, and the cases of its scripts.
const TESTS: &str = "tests/docs";
/// The policy that each page names, as a server would say it.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      img-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; \
                      trusted-types holdpoint";
const BILL: &str = "sbom.mjs";

/// What the checks are made with.
pub(crate) struct Tools {
    /// The modules that check the package.
    pub(crate) package: PathBuf,
    /// The modules that check the pages.
    pub(crate) pages: PathBuf,
    pub(crate) chromium: Browser,
}

/// Checks the pages.
pub(crate) fn run(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let book = Book::read(workspace)?;
    codes::check(workspace)?;
    spelling::check(workspace, &tools.pages, &book)?;
    reference(workspace)?;
    let package = dist::build(workspace)?;
    let site = super::build(workspace, &package)?;
    println!("{} pages, every link leads somewhere", book.pages().count());
    let chromium = &tools.chromium;
    Bench { workspace, modules: &tools.package, chromium, package: &package }.check(&book)?;

    let tests = workspace.root.join(TESTS);
    tools::run(Command::new("node").arg("--test").arg(tests.join("headers.test.mjs")))?;
    for page in ["index", "headers", "policies"] {
        let html = fs::read_to_string(site.join(format!("{page}.html")))?;
        let html = html.strip_suffix("</body>\n</html>\n").context("the page does not end")?;
        let path = tests.join(format!("{page}.js"));
        let probe =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let visit = Visit { files: &site, html, policy: POLICY, probe: &probe };
        smoke::visit(workspace, chromium, visit).with_context(|| format!("{page}.html"))?;
    }
    bill(workspace, tools, &package)
}

/// The reference of what decides is whole, and its links lead somewhere.
fn reference(workspace: &Workspace) -> Result<()> {
    let mut doc = workspace.cargo();
    doc.args(["doc", "--locked", "--no-deps", "--package", "holdpoint-core"]);
    tools::run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    let page = workspace.target.join("doc/holdpoint_core/index.html");
    ensure!(page.is_file(), "cargo doc has left no {}", page.display());
    Ok(())
}

/// The bill of materials is one by the schema of its format.
fn bill(workspace: &Workspace, tools: &Tools, package: &Files) -> Result<()> {
    // Node finds the modules from where the script lies.
    let script = tools.pages.with_file_name(BILL);
    fs::copy(workspace.root.join(TESTS).join(BILL), &script)?;
    let path = workspace.work().join(dist::BILL);
    fs::write(&path, package.get(dist::BILL).context("the package has no bill of materials")?)?;
    tools::run(Command::new("node").arg(script).arg(path))
}
