//! `cargo xtask test package`: the package as others meet it. It is packed, looked at by the tools
//! of its readers, installed into a fresh project, built, and opened in a browser.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::read::GzEncoder;
use serde_json::Value;

use crate::browser::Browser;
use crate::page;
use crate::smoke::{self, Visit};
use crate::tools::{self, Workspace};
use crate::wasm::{self, Files};

/// The loader may weigh this many bytes with gzip.
const LOADER_BUDGET: u64 = 10_000;
/// The policy of a strict page, all of it.
pub(crate) const STRICT: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      connect-src 'self'; require-trusted-types-for 'script'; \
                      trusted-types holdpoint";
/// The page that says how to begin; its first block of HTML is run as it is printed.
const GUIDE: &str = "docs/embedding.md";
/// The page that says how to test; it prints this file of `tests/package/playwright`.
const TESTING: (&str, &str) = ("docs/testing.md", "transfer.spec.js");
/// The page of the quickstart, in lines.
const QUICKSTART_LINES: usize = 5;

/// Checks the package; `modules` has the tools.
pub(crate) fn run(workspace: &Workspace, modules: &Path, chromium: &Browser) -> Result<()> {
    let check =
        Check { workspace, modules, chromium, sources: workspace.root.join("tests/package") };
    let files = super::build(workspace)?;
    let weight = gzipped(&files[page::LOADER])?;
    ensure!(weight <= LOADER_BUDGET, "the loader weighs {weight} bytes, and may {LOADER_BUDGET}");

    let tarball = pack(workspace, &files)?;
    tools::run(check.tool("publint/src/cli.js").args(["run", "--strict"]).arg(&tarball))?;
    // It is of modules alone: who calls `require` is told so by Node.
    let profile = ["--profile", "esm-only", "--format", "ascii"];
    tools::run(check.tool("@arethetypeswrong/cli/dist/index.js").arg(&tarball).args(profile))?;

    let project = check.project()?;
    let files = install(&tarball, &project)?;
    let types = project.join("types");
    page::write(&wasm::read_tree(&workspace.root.join("tests/types"))?, &types)?;
    tools::run(check.tool("typescript/lib/tsc.js").arg("--project").arg(&types))?;
    for script in ["node.mjs", "contents.mjs"] {
        fs::copy(check.sources.join(script), project.join(script))?;
        tools::run(Command::new("node").arg(script).current_dir(&project))?;
    }
    check.vite(&project)?;
    check.playwright(&project)?;
    check.strict(&files)?;
    check.quickstart(&files)?;
    println!("the package is whole: {}, its loader {weight} bytes with gzip", tarball.display());
    Ok(())
}

struct Check<'a> {
    workspace: &'a Workspace,
    modules: &'a Path,
    chromium: &'a Browser,
    sources: PathBuf,
}

impl Check<'_> {
    /// A program from npm.
    fn tool(&self, script: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.modules.join(script));
        command
    }

    /// Makes a project beside the tools, which it finds by that.
    fn project(&self) -> Result<PathBuf> {
        let project = self.modules.with_file_name("project");
        page::write(&wasm::read_tree(&self.sources.join("vite"))?, &project)?;
        fs::write(project.join("package.json"), "{ \"private\": true, \"type\": \"module\" }\n")?;
        Ok(project)
    }

    /// Builds the project, with its six lines of code, and asks its agent.
    fn vite(&self, project: &Path) -> Result<()> {
        let code = fs::read_to_string(project.join("main.js"))?;
        ensure!(code.lines().count() <= 6, "the project has more than six lines of code");
        tools::run(
            self.tool("vite/bin/vite.js").args(["build", "--logLevel", "warn"]).arg(project),
        )?;
        let files = project.join("dist");
        let html = fs::read_to_string(files.join("index.html"))?;
        let probe = self.probe("answers.js")?;
        let visit = Visit { files: &files, html: &html, policy: smoke::POLICY, probe: &probe };
        smoke::visit(self.workspace, self.chromium, visit).context("the project built by Vite")
    }

    /// The tests that the guide prints, and more of their kind, as a page's author runs them.
    fn playwright(&self, project: &Path) -> Result<()> {
        let tests = project.join("playwright");
        page::write(&wasm::read_tree(&self.sources.join("playwright"))?, &tests)?;
        let (guide, spec) = TESTING;
        let printed = fs::read_to_string(self.workspace.root.join(guide))?;
        let block = ["\n", &fs::read_to_string(tests.join(spec))?, "```\n"].concat();
        ensure!(printed.contains(&block), "{guide} does not print {spec} as it is");
        let mut run = Command::new("node");
        run.arg(tests.join("run.mjs")).env("CHROMIUM", &self.chromium.program);
        tools::run(&mut run).context("the tests by Playwright")
    }

    /// A page that allows as little as it can; then one that was given other bytes.
    fn strict(&self, files: &Files) -> Result<()> {
        let mut page = files.clone();
        page.append(&mut wasm::read_tree(&self.sources.join("strict"))?);
        let directory = self.workspace.work().join("strict");
        page::write(&page, &directory)?;
        let html = fs::read_to_string(directory.join("index.html"))?;
        let probe = self.probe("holds.js")?;
        let visit = Visit { files: &directory, html: &html, policy: STRICT, probe: &probe };
        let go = |visit| smoke::visit(self.workspace, self.chromium, visit);
        go(visit).context("the strict page")?;

        let refused = html.replace("</body>", "<p style=\"color: red\">Refused</p></body>");
        ensure!(
            go(Visit { html: &refused, ..visit }).is_err(),
            "a refusal of the policy is missed"
        );

        let wasm = files.keys().find(|name| name.starts_with("holdpoint_wasm_bg"));
        let path = directory.join(wasm.context("the package has no wasm")?);
        // A custom section: the module is as valid as it was.
        let altered = [fs::read(&path)?, vec![0, 2, 1, b'x']].concat();
        fs::write(&path, altered)?;
        let probe = self.probe("refuses.js")?;
        go(Visit { probe: &probe, ..visit }).context("the strict page with an altered wasm")
    }

    /// The quickstart of the guide, exactly as it is printed, beside the files of the package.
    fn quickstart(&self, files: &Files) -> Result<()> {
        let guide = fs::read_to_string(self.workspace.root.join(GUIDE))?;
        let block = guide.split("```html\n").nth(1).and_then(|rest| rest.split("```").next());
        let html = block.with_context(|| format!("{GUIDE} has no block of HTML"))?;
        let lines = html.lines().count();
        ensure!(lines == QUICKSTART_LINES, "the quickstart of {GUIDE} has {lines} lines");
        let directory = self.workspace.work().join("quickstart");
        page::write(files, &directory)?;
        let probe = self.probe("answers.js")?;
        let visit = Visit { files: &directory, html, policy: "", probe: &probe };
        smoke::visit(self.workspace, self.chromium, visit).context("the quickstart")
    }

    fn probe(&self, name: &str) -> Result<String> {
        let path = self.sources.join("probes").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// Packs the files, and sees that all of them are in the package.
pub(crate) fn pack(workspace: &Workspace, files: &Files) -> Result<PathBuf> {
    let directory = workspace.work().join("package");
    page::write(files, &directory)?;
    let packed = workspace.work().join("packed");
    wasm::clear(&packed)?;
    let npm = tools::find("npm").context("npm is not installed")?;
    let mut pack = Command::new(npm);
    pack.args(["pack", "--json", "--ignore-scripts", "--pack-destination"]).arg(&packed);
    let told: Value = serde_json::from_str(&tools::output(pack.arg(&directory))?)?;
    let list = told[0]["files"].as_array().context("npm names no files")?;
    let mut names: Vec<_> = list.iter().filter_map(|file| file["path"].as_str()).collect();
    names.sort_unstable();
    let wanted: Vec<_> = files.keys().map(String::as_str).collect();
    ensure!(names == wanted, "npm packs {names:?} and not {wanted:?}");
    let name = told[0]["filename"].as_str().context("npm names no file")?;
    Ok(packed.join(name))
}

/// Has npm install the package into a project, and gives what is there then.
pub(crate) fn install(tarball: &Path, project: &Path) -> Result<Files> {
    let npm = tools::find("npm").context("npm is not installed")?;
    let mut install = Command::new(npm);
    install.args(["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error"]);
    tools::run(install.arg(tarball).current_dir(project))?;
    wasm::read_tree(&project.join("node_modules/holdpoint"))
}

fn gzipped(bytes: &[u8]) -> Result<u64> {
    Ok(io::copy(&mut GzEncoder::new(bytes, Compression::best()), &mut io::sink())?)
}
